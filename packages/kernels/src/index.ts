export { resultOf } from './abstract/common.ts';
export { abstract } from './abstract.ts';
export { empty, filled, isContiguous, NdArray } from './array.ts';
export { assign, contiguous } from './copy.ts';
export {
  bytesPerElement,
  checkDType,
  type Data,
  type DType,
  dtypeFor,
  dtypeOf,
  dtypes,
  type FloatDType,
  hasNumber,
  isFloat,
  newData,
} from './dtype.ts';
export { ArgumentError, DTypeError, ShapeError } from './errors.ts';
export {
  type ChangeInPlace,
  changeByPrimitives,
  type ElementFormula,
  type ElementKernels,
  type NamedArrays,
  type NamedNumbers,
} from './in-place.ts';
export { type ForeignNdArray, fromNdarray } from './interchange.ts';
export { Arena, allocate, Recycler, zeroed } from './memory.ts';
export { plain } from './plain.ts';
export {
  type Activation,
  type ArrayLike,
  type AttributesOf,
  arity,
  type Convolution,
  type InputsOf,
  type Kernels,
  type Primitive,
  primitives,
  type Slice,
  type SortOrder,
  type VariadicPrimitive,
} from './primitives.ts';
export {
  broadcastShapes,
  checkShape,
  countAlong,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  rowMajor,
  type Shape,
  sameShape,
  sizeOf,
} from './shape.ts';
export { erf, sigmoid, softplus } from './special.ts';
export { type Window, windowPositions } from './views.ts';
export type { Part } from './wasm/part.ts';
export { windowed } from './wasm/windowed.ts';
export { checkThreads, createDefault, createWasm, type Engine, type WasmKernels, type WasmOptions } from './wasm.ts';
