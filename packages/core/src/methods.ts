/** Adds methods to `Tensor` and `Random` that only the main entry point has, but not `@tapegrad/core/lean`. */

import { countArguments } from './checks/untyped-callers.ts';
import { draws } from './methods/draws.ts';
import { elementaryMethods } from './methods/elementary.ts';
import { reductionMethods } from './methods/reductions.ts';
import { selectionMethods } from './methods/selection.ts';
import {
  cumulativeKernels,
  elementProductKernels,
  indexingKernels,
  nearZeroKernels,
  orderingKernels,
  powerKernels,
  roundingKernels,
  specialKernels,
  trigonometricKernels,
} from './operators/extensions.ts';
import { index } from './operators/selection.ts';
import { Random } from './random.ts';
import { addMethods } from './tensor/methods.ts';
import { Tensor } from './tensor.ts';

// Keeps references to the files that declare methods in the generated type declarations.
export type {} from './methods/draws.ts';
export type {} from './methods/elementary.ts';
export type {} from './methods/reductions.ts';
export type {} from './methods/selection.ts';

/** Turns functions whose first argument is a tensor or a generator into methods of that argument. */
const methodsOf = (functions: object): object =>
  Object.fromEntries(
    Object.entries(functions).map(([name, run]: [string, (x: unknown, ...args: readonly unknown[]) => Tensor]) => {
      const method = function (this: unknown, ...args: readonly unknown[]) {
        return run(this, ...args);
      };
      return [name, Object.defineProperty(method, 'length', { value: run.length - 1 })];
    }),
  );

const methods = methodsOf({ ...elementaryMethods, ...reductionMethods, ...selectionMethods });
countArguments(methods);
addMethods(Tensor.prototype, { ...methods, ...methodsOf({ index }) });

const randomMethods = methodsOf(draws);
countArguments(randomMethods);
addMethods(Random.prototype, randomMethods);

// Registers all primitives at once, except the windowed ones, so that they exist before the first call of a function
// that needs them.
for (const register of [
  powerKernels,
  trigonometricKernels,
  specialKernels,
  elementProductKernels,
  orderingKernels,
  indexingKernels,
  cumulativeKernels,
  nearZeroKernels,
  roundingKernels,
]) {
  register();
}
