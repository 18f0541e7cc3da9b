export {
  ArgumentError,
  type ArrayLike,
  checkSynchronous,
  type Data,
  type DType,
  DTypeError,
  type ElementFormula,
  type ElementKernels,
  type FloatDType,
  type ForeignNdArray,
  formatShape,
  isFloat,
  type Kernels,
  NdArray,
  type Primitive,
  type Shape,
  ShapeError,
  sameShape,
  sizeOf,
  type Window,
} from '@tapegrad/kernels';
export type { ReduceOptions } from './arguments.ts';
export { checkpoint } from './autograd/checkpoint.ts';
export { defineOp, type Operation, type TensorFunction, type VjpResult } from './autograd/define.ts';
export { registerHook } from './autograd/hooks.ts';
export { type Anomaly, AnomalyError, type DetectAnomalyOptions, detectAnomaly } from './autograd/nan-search.ts';
export { withGradients } from './autograd/scoped-gradients.ts';
export { checkOptions } from './checks.ts';
export {
  arange,
  eye,
  fromNdarray,
  full,
  linspace,
  ones,
  type TensorOptions,
  tensor,
  zeros,
} from './create.ts';
export { describeValue, marked, markOf } from './describe-value.ts';
export { elementsFrom, isDataOf } from './elements.ts';
export { changeInPlace, type EngineInfo, engineInfo, setInterpreter, setThreads } from './engine.ts';
export { TapeError } from './errors.ts';
export { type Index, type Indexed, type SliceRange, slice } from './indexing.ts';
export { type Link, links } from './links/links.ts';
export type { TransitionPart } from './links/transitions.ts';
export { elu, type GeluOptions, gelu, hardtanh, leakyRelu, selu, silu } from './operators/activations.ts';
export {
  chunk,
  type MeshgridOptions,
  meshgrid,
  type Pieces,
  repeat,
  roll,
  split,
  squeeze,
  swapaxes,
  tile,
  unsqueeze,
} from './operators/arrangement.ts';
export { type CdistOptions, type CosineSimilarityOptions, cdist, cosineSimilarity } from './operators/distances.ts';
export {
  acos,
  asin,
  atan,
  atan2,
  ceil,
  clamp,
  cosh,
  erfc,
  floor,
  reciprocal,
  remainder,
  round,
  rsqrt,
  sinh,
  square,
  tan,
} from './operators/elementary.ts';
export { eigh, qr, svd, svdvals } from './operators/factorizations.ts';
export {
  cholesky,
  det,
  inverse,
  logdet,
  slogdet,
  solve,
  type TriangularSolveOptions,
  triangularSolve,
} from './operators/linear-systems.ts';
export { isFinite, isNaN, logicalAnd, logicalNot, logicalOr } from './operators/logic.ts';
export {
  abs,
  add,
  argmax,
  argmin,
  broadcastTo,
  cast,
  concat,
  cos,
  cumsum,
  div,
  einsum,
  equal,
  erf,
  exp,
  expm1,
  flip,
  fold,
  gather,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  log1p,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  min,
  minimum,
  mul,
  neg,
  norm,
  notEqual,
  pad,
  permute,
  pow,
  prod,
  relu,
  reshape,
  scatterAdd,
  sigmoid,
  sign,
  sin,
  softmax,
  softplus,
  sqrt,
  stack,
  sub,
  sum,
  take,
  tanh,
  transpose,
  unfold,
  variance,
  where,
} from './operators/method-functions.ts';
export {
  argsort,
  type SortOptions,
  sort,
  type TopK,
  type TopKOptions,
  topk,
  type Unique,
  unique,
} from './operators/ordering.ts';
export { all, any, cumprod, std } from './operators/reductions.ts';
export {
  maskedFill,
  nonzero,
  type OneHotOptions,
  oneHot,
  type ScatterOptions,
  scatter,
} from './operators/selection.ts';
export { specialKernels } from './operators/special.ts';
export { type DiagonalOptions, diagonal, kron, outer, trace, tril, triu } from './operators/triangles-and-diagonals.ts';
export { windowedKernels } from './operators/windowed.ts';
export { Random, type RandomOptions, type RandomState } from './random.ts';
export { type CustomAttributes, type Definition, Entry, type Op, type Recorded } from './tape/entry.ts';
export { type Interceptor, intercept, type OperationCall } from './tape/interception.ts';
export { tapeOf } from './tape/reachable.ts';
export { isRecomputing } from './tape/recomputation.ts';
export { noGrad } from './tape/recording.ts';
export { rules } from './tape/vjp-rules.ts';
export {
  type Alternative,
  type BackwardOptions,
  type Chosen,
  type Combined,
  checkFloat,
  checkTensor,
  type Fitting,
  Gradients,
  kernels,
  type Of,
  type Operand,
  type Scalar,
  Tensor,
} from './tensor.ts';
export { isBatched, type Randomness } from './transforms/batched.ts';
export {
  type ArgumentChoice,
  type ArgumentOptions,
  type AtArguments,
  grad,
  hvp,
  jvp,
  type ScalarResult,
  stopGradient,
  valueAndGrad,
  vjp,
} from './transforms/derivatives.ts';
export { hessian, type JacobianMode, type JacobianTree, jacobian } from './transforms/jacobian.ts';
export type { TensorTree } from './transforms/trees.ts';
export { type BatchArguments, type MappedAxes, type VmapOptions, vmap, type WithAxes } from './transforms/vmap.ts';
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
  Squeeze,
  SwapAxes,
  Transpose,
  Unsqueeze,
  Where,
} from './types/static-shapes.ts';
export type { Minus, Plus, Quotient, Size, Times } from './types/type-arithmetic.ts';
export { Buffer, buffer, Parameter, parameter, Variable } from './variable.ts';
export { type CentralDifferencesOptions, centralDifferences } from './verification/central-differences.ts';
export { type CompareOptions, compare } from './verification/compare.ts';
export type { Comparison, Explanation, Verdict } from './verification/comparison.ts';
export type { FactorName, LengthRatio } from './verification/factors.ts';
export type { DifferencesReport } from './verification/formula-differences.ts';
export type { Formula, FormulaFunction, Formulas } from './verification/formulas.ts';
export { type GradcheckOptions, gradcheck } from './verification/gradcheck.ts';
export type { GradcheckEntry, GradcheckReport } from './verification/gradcheck-report.ts';
export type { Known, KnownQuantities } from './verification/known.ts';
export {
  type MlpOptions,
  mlp,
  type Network,
  type NetworkPlan,
  type Subject,
  type Transition,
} from './verification/networks.ts';
export type { Layered, Quantities } from './verification/quantities.ts';
export {
  type Counterexample,
  type FormulaReport,
  type Outcome,
  type VerifyOptions,
  type VerifyReport,
  verify,
} from './verification/verify.ts';
