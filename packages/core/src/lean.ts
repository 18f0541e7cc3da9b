export {
  ArgumentError,
  type Data,
  type DType,
  DTypeError,
  type FloatDType,
  type ForeignNdArray,
  type Shape,
  ShapeError,
} from '@tapegrad/kernels';
export type { BackwardOptions } from './autograd/backward.ts';
export { checkpoint } from './autograd/checkpoint.ts';
export { defineOp, type Operation, type TensorFunction, type VjpResult } from './autograd/define.ts';
export { Gradients } from './autograd/gradients.ts';
export { registerHook } from './autograd/hooks.ts';
export { type Anomaly, AnomalyError, type DetectAnomalyOptions, detectAnomaly } from './autograd/nan-search.ts';
export { withGradients } from './autograd/scoped-gradients.ts';
export type { ReduceOptions } from './checks/arguments.ts';
export { TapeError } from './checks/errors.ts';
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
export { type EngineInfo, engineInfo, setThreads, setVectors } from './engine.ts';
// Lets the declaration files of programs name the shape types that the `extend` entry point exports.
export type {} from './extend.ts';
export { type Index, type SliceRange, slice } from './indexing.ts';
export { elu, type GeluOptions, gelu, hardtanh, leakyRelu, selu, silu } from './operators/activations.ts';
export {
  chunk,
  type MeshgridOptions,
  meshgrid,
  repeat,
  roll,
  split,
  squeeze,
  swapaxes,
  tile,
  unsqueeze,
} from './operators/arrangement.ts';
export { type CdistOptions, type CosineSimilarityOptions, cdist, cosineSimilarity } from './operators/distances.ts';
export { bernoulli, integers, type NormalOptions, normal, permutation } from './operators/draws.ts';
export {
  acos,
  asin,
  atan,
  atan2,
  ceil,
  clamp,
  cos,
  cosh,
  erf,
  erfc,
  expm1,
  floor,
  log1p,
  pow,
  reciprocal,
  remainder,
  round,
  rsqrt,
  sin,
  sinh,
  softplus,
  square,
  tan,
} from './operators/elementary.ts';
export { eigh, qr, svd, svdvals } from './operators/linalg/factorizations.ts';
export {
  cholesky,
  det,
  inverse,
  logdet,
  slogdet,
  solve,
  type TriangularSolveOptions,
  triangularSolve,
} from './operators/linalg/linear-systems.ts';
export { isFinite, isNaN, logicalAnd, logicalNot, logicalOr } from './operators/logic.ts';
export {
  abs,
  add,
  broadcastTo,
  cast,
  concat,
  div,
  einsum,
  equal,
  exp,
  fold,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  logSoftmax,
  matmul,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  notEqual,
  permute,
  relu,
  reshape,
  sigmoid,
  sign,
  softmax,
  sqrt,
  stack,
  sub,
  sum,
  tanh,
  transpose,
  unfold,
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
export {
  all,
  any,
  argmax,
  argmin,
  cumprod,
  cumsum,
  logSumExp,
  max,
  min,
  norm,
  prod,
  std,
  variance,
} from './operators/reductions.ts';
export {
  flip,
  gather,
  index,
  maskedFill,
  nonzero,
  type OneHotOptions,
  oneHot,
  pad,
  type ScatterOptions,
  scatter,
  scatterAdd,
  take,
} from './operators/selection.ts';
export { type DiagonalOptions, diagonal, kron, outer, trace, tril, triu } from './operators/triangles-and-diagonals.ts';
export { Random, type RandomOptions, type RandomState } from './random.ts';
export { noGrad } from './tape/recording.ts';
export { Tensor } from './tensor.ts';
export type { Randomness } from './transforms/batched.ts';
export {
  type ArgumentOptions,
  grad,
  hvp,
  jvp,
  stopGradient,
  valueAndGrad,
  vjp,
} from './transforms/derivatives.ts';
export {
  type HessianOptions,
  hessian,
  type JacobianMode,
  type JacobianOptions,
  jacobian,
} from './transforms/jacobian.ts';
export type { TensorTree } from './transforms/trees.ts';
export { type MappedAxes, type VmapOptions, vmap } from './transforms/vmap.ts';
export { Buffer, buffer, Parameter, parameter, Variable } from './variable.ts';
