/** The class `Tensor`, with the methods that every program loads. */

import { differentiation } from './autograd/backward.ts';
import { countArguments } from './checks/untyped-callers.ts';
import { arithmetic } from './tensor/arithmetic.ts';
import { Tensor } from './tensor/class.ts';
import { comparisons } from './tensor/comparisons.ts';
import { addMethods } from './tensor/methods.ts';
import { movement } from './tensor/movement.ts';
import { reductions } from './tensor/reductions.ts';

// Keeps references to the files that declare methods in the generated type declarations.
export type {} from './autograd/backward.ts';
export type {} from './tensor/arithmetic.ts';
export {
  type Alternative,
  type Chosen,
  type Combined,
  type Fitting,
  type Of,
  type Operand,
  type Scalar,
  Tensor,
} from './tensor/class.ts';
export type {} from './tensor/comparisons.ts';
export { kernels } from './tensor/kernels.ts';
export type {} from './tensor/movement.ts';
export type {} from './tensor/reductions.ts';

addMethods(Tensor.prototype, { ...differentiation, ...arithmetic, ...comparisons, ...reductions, ...movement });
countArguments(Tensor.prototype, ['toString'], {
  transpose: '; it swaps the last two axes, and swapaxes(x, i, j) any two',
});
