/**
 * Exports for packages and interpreters, beyond what programs use: checks, descriptions for error messages, kernels, and
 * type-level shapes.
 */

export {
  type ArrayLike,
  checkSynchronous,
  type ElementFormula,
  type ElementKernels,
  formatShape,
  isFloat,
  type Kernels,
  NdArray,
  type Primitive,
  sameShape,
  sizeOf,
  type Window,
} from '@tapegrad/kernels';
export { describeValue, marked, markOf } from './checks/describe-value.ts';
export { elementsFrom, isDataOf } from './checks/elements.ts';
export { checkFloat, checkTensor } from './checks/operands.ts';
export { checkOptions, isPlain } from './checks/untyped-callers.ts';
export { changeInPlace, interpreter, setInterpreter } from './engine.ts';
export type { Indexed } from './indexing.ts';
export type { Pieces } from './operators/arrangement.ts';
export { indexingKernels, normalizationKernels, specialKernels, windowedKernels } from './operators/extensions.ts';
export { type RandomStates, watchDraws } from './random.ts';
export { isRecomputing } from './tape/recomputation.ts';
export {
  type Alternative,
  type Chosen,
  type Combined,
  type Fitting,
  kernels,
  type Of,
  type Operand,
  type Scalar,
} from './tensor.ts';
export {
  areWithin,
  dependOn,
  type ElementRange,
  everyRun,
  finiteRange,
  isAnyTrue,
  isTracing,
  keepState,
  refuseInTrace,
  type Undo,
} from './tracing.ts';
export { isBatched } from './transforms/batched.ts';
export type { ArgumentChoice, AtArguments, ScalarResult } from './transforms/derivatives.ts';
export type { JacobianTree } from './transforms/jacobian.ts';
export { placesOf, tensorsOf, withTensors } from './transforms/trees.ts';
export type { BatchArguments, WithAxes } from './transforms/vmap.ts';
export type {
  Absorbs,
  Agree,
  Axes,
  Broadcast,
  InsertAxis,
  Joined,
  MatMul,
  Nested,
  NestedAs,
  Outer,
  Pad,
  PadWidths,
  Permute,
  Printed,
  Reduce,
  ReplaceAxis,
  Reshape,
  SameShapes,
  ShapeOf,
  Square,
  Squeeze,
  SwapAxes,
  Transpose,
  Unranked,
  Unsqueeze,
  Where,
} from './types/static-shapes.ts';
export type { Minus, Plus, Quotient, Size, Times } from './types/type-arithmetic.ts';
