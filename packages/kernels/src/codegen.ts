/**
 * The parts that a code generator is made of: the assembler, the primitives as functions of vectors, and kernels on
 * addresses. Programs that don't import this entry point load none of it.
 *
 * @module
 */

export { broadcastView, permuteView, rangeView, reshapeView, sliceView } from './arrays/views.ts';
export { roundingFunctions } from './extensions/rounding.ts';
export { byteLanes } from './wasm/assembler/byte-lanes.ts';
export { features } from './wasm/assembler/features.ts';
export { type FloatType, type FloatVector, floatVector, laneBytes, laneTypes } from './wasm/assembler/float-vector.ts';
export {
  f32,
  f32x4,
  f64,
  f64x2,
  i8x16,
  i16x8,
  i32,
  i32x4,
  memory,
  type Operand,
  type Statement,
  select,
  type Value,
  v128,
} from './wasm/assembler/instructions.ts';
export {
  type Func,
  FunctionBuilder,
  integers,
  type Local,
  ModuleBuilder,
} from './wasm/assembler/module-builder.ts';
export { settleVectors, vectorBits } from './wasm/assembler/vector-width.ts';
export {
  HostRefusal,
  instantiate,
  type WasmMemory,
  type WasmModule,
  webAssembly,
} from './wasm/assembler/web-assembly.ts';
export { vectorKernels } from './wasm/elementwise/in-place.ts';
export { activationGrads, binary as pairFunctions, comparisons, unary } from './wasm/math/element-functions.ts';
export { erf, erfc } from './wasm/math/error-function.ts';
export { expm1 } from './wasm/math/exponential.ts';
export { log1p, softplus } from './wasm/math/logarithm.ts';
export { pow } from './wasm/math/power.ts';
export { cos, sin } from './wasm/math/trigonometric.ts';
export type { BinaryFunction, UnaryFunction } from './wasm/math/vector-function.ts';
export {
  bestTile,
  blockDepth,
  defineProduct,
  isWide,
  productLayout,
  type TileName,
} from './wasm/matmul/microkernel.ts';
export { Staging } from './wasm/memory/staging.ts';
export { defineCrossEntropy } from './wasm/reductions/cross-entropy.ts';
export { type Accumulator, extremumOf, sumOf, WIDEST } from './wasm/reductions/reductions.ts';
