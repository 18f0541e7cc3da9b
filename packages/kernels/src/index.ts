export { resultOf } from './abstract/shape-inference.ts';
export { abstract } from './abstract.ts';
export { empty, filled, isContiguous, NdArray } from './arrays/array.ts';
export { assign, contiguous } from './arrays/copy.ts';
export {
  bytesPerElement,
  checkDType,
  checkNumbers,
  type Data,
  type DType,
  dtypeFor,
  dtypeOf,
  dtypes,
  type FloatDType,
  hasNumber,
  isFloat,
  newData,
  storedDType,
} from './arrays/dtype.ts';
export { type ForeignNdArray, fromNdarray } from './arrays/interchange.ts';
export {
  broadcastShapes,
  checkShape,
  countAlong,
  formatShape,
  MAX_AXES,
  normalizeAxes,
  normalizeAxis,
  rowMajor,
  type Shape,
  sameShape,
  sizeOf,
} from './arrays/shape.ts';
export { type Window, windowPositions } from './arrays/views.ts';
export { DynamicScope } from './callbacks/dynamic-scope.ts';
export { checkSynchronous } from './callbacks/synchronous.ts';
export { createDefault, setVectorBits } from './default.ts';
export { ArgumentError, DTypeError, ShapeError } from './error-classes.ts';
export {
  cumulativeExtension,
  elementProductExtension,
  indexingExtension,
  orderingExtension,
} from './extensions/loops.ts';
export { nearZeroExtension } from './extensions/near-zero.ts';
export { powerExtension } from './extensions/power.ts';
export { roundingExtension } from './extensions/rounding.ts';
export { specialExtension } from './extensions/special.ts';
export { trigonometricExtension } from './extensions/trigonometric.ts';
export {
  type ChangeInPlace,
  changeByPrimitives,
  type ElementFormula,
  type ElementKernels,
  type NamedArrays,
  type NamedNumbers,
} from './in-place.ts';
export { allocate } from './memory/allocate.ts';
export { Arena } from './memory/arena.ts';
export { RefCounted } from './memory/ref-counted.ts';
export { zeroed } from './memory/slab.ts';
export { composedNormalization } from './plain/normalization.ts';
export { plain } from './plain.ts';
export {
  type Activation,
  type ArrayLike,
  type AttributesOf,
  arity,
  binary,
  type CommonKernels,
  type Convolution,
  type CumulativeKernels,
  callPrimitive,
  comparisons,
  type ElementProductKernels,
  givesOwnMemory,
  type IndexingKernels,
  type InputsOf,
  type Kernels,
  mapEntries,
  type NearZeroKernels,
  type Normalization,
  type NormalizationKernels,
  type OrderingKernels,
  type PowerKernels,
  type Primitive,
  primitives,
  type RoundingKernels,
  type Slice,
  type SortOrder,
  type SpecialKernels,
  type TrigonometricKernels,
  unary,
  type VariadicPrimitive,
  type WindowedKernels,
} from './primitives.ts';
export { bySteps, erf, erfc, excessSteps, isFarOut, sigmoid, softplus } from './special.ts';
export type { VectorBits } from './wasm/assembler/vector-width.ts';
export type { KernelExtension } from './wasm/extension.ts';
export { normalizationExtension, normalizationGradients } from './wasm/normalization/extension.ts';
export { windowedExtension } from './wasm/windowed/extension.ts';
export { checkThreads, createWasm, type Engine, type WasmKernels, type WasmOptions } from './wasm.ts';
