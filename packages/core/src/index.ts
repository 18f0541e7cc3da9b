export {
  ArgumentError,
  type ArrayLike,
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
  type Window,
} from '@tapegrad/kernels';
export { elu, type GeluOptions, gelu, hardtanh, leakyRelu, selu, silu } from './activations.ts';
export { type Anomaly, AnomalyError, type DetectAnomalyOptions, detectAnomaly } from './anomaly.ts';
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
} from './arrangement.ts';
export { checkpoint } from './checkpoint.ts';
export {
  type CompareOptions,
  type Comparison,
  compare,
  type FactorName,
  type Verdict,
} from './compare.ts';
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
export { eigh, qr, svd, svdvals } from './decompositions.ts';
export { defineOp, type Operation, type TensorFunction, type VjpResult } from './define.ts';
export type { DifferencesReport } from './differences.ts';
export { type CdistOptions, type CosineSimilarityOptions, cdist, cosineSimilarity } from './distances.ts';
export {
  acos,
  asin,
  atan,
  atan2,
  ceil,
  clamp,
  cosh,
  floor,
  reciprocal,
  remainder,
  round,
  rsqrt,
  sinh,
  square,
  tan,
} from './elementary.ts';
export { changeInPlace, type EngineInfo, engineInfo, setInterpreter, setThreads } from './engine.ts';
export { TapeError } from './errors.ts';
export type { Formula, FormulaFunction, Formulas } from './formulas.ts';
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
} from './functions.ts';
export { type GradcheckOptions, gradcheck } from './gradcheck.ts';
export type { GradcheckEntry, GradcheckReport } from './gradcheck-report.ts';
export { registerHook } from './hooks.ts';
export { type Index, type SliceRange, slice } from './indexing.ts';
export { type Interceptor, intercept, type OperationCall } from './interception.ts';
export { hessian, type JacobianMode, type JacobianTree, jacobian } from './jacobian.ts';
export {
  cholesky,
  det,
  inverse,
  logdet,
  slogdet,
  solve,
  type TriangularSolveOptions,
  triangularSolve,
} from './linear-systems.ts';
export { type Link, links } from './links.ts';
export { isFinite, isNaN, logicalAnd, logicalNot, logicalOr } from './logic.ts';
export { type DiagonalOptions, diagonal, kron, outer, trace, tril, triu } from './matrices.ts';
export { type MlpOptions, mlp, type Network, type NetworkPlan, type Subject, type Transition } from './networks.ts';
export { argsort, type SortOptions, sort, type TopK, type TopKOptions, topk, type Unique, unique } from './ordering.ts';
export type { Layered, Quantities } from './quantities.ts';
export { Random, type RandomOptions, type RandomState } from './random.ts';
export { all, any, cumprod, std } from './reductions.ts';
export { type CentralDifferencesOptions, centralDifferences } from './replay.ts';
export type { ReduceOptions } from './requests.ts';
export { rules } from './rules.ts';
export { maskedFill, nonzero, type OneHotOptions, oneHot, type ScatterOptions, scatter } from './selection.ts';
export type {
  Agree,
  Axes,
  Broadcast,
  InsertAxis,
  Joined,
  MatMul,
  Nested,
  Outer,
  Permute,
  Printed,
  Reduce,
  ReplaceAxis,
  Reshape,
  ShapeOf,
  Squeeze,
  SwapAxes,
  Transpose,
  Unsqueeze,
} from './static-shapes.ts';
export {
  type CustomAttributes,
  type Definition,
  Entry,
  isRecomputing,
  noGrad,
  type Op,
  type Recorded,
  tapeOf,
} from './tape.ts';
export {
  type BackwardOptions,
  type Fitting,
  Gradients,
  kernels,
  type Of,
  type Operand,
  type Scalar,
  Tensor,
} from './tensor.ts';
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
} from './transforms.ts';
export type { TensorTree } from './trees.ts';
export { Buffer, buffer, Parameter, parameter, Variable } from './variable.ts';
export {
  type Counterexample,
  type FormulaReport,
  type Outcome,
  type VerifyOptions,
  type VerifyReport,
  verify,
} from './verify.ts';
export { type BatchArguments, type MappedAxes, type VmapOptions, vmap, type WithAxes } from './vmap.ts';
export { windowedKernels } from './windowed.ts';
