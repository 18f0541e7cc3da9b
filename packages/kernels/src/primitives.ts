import type { DType } from './arrays/dtype.ts';
import type { Shape } from './arrays/shape.ts';
import type { Window } from './arrays/views.ts';

/** Functions whose derivative can be computed from their value. */
export type Activation = 'relu' | 'tanh' | 'sigmoid';

/** The axis to sort along, and the direction. */
export interface SortOrder {
  readonly axis: number;
  readonly descending: boolean;
  /** The number of positions to return, from the first. Defaults to all. */
  readonly count?: number;
}

/** The properties of every interpreter's arrays. */
export interface ArrayLike {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A slice: the elements `starts[i] + j * steps[i]`, j < `sizes[i]`, of every axis `i`. */
export interface Slice {
  readonly starts: readonly number[];
  readonly sizes: readonly number[];
  /** The steps, not zero; negative steps go backwards. */
  readonly steps: readonly number[];
}

/** Options for convolving [n, c, ...shape] with a weight [o, c / groups, ...sizes] to get [n, o, ...positions]. */
export interface Convolution {
  /** One window for each axis. Its size is the length of the weight along that axis. */
  readonly windows: readonly Window[];
  /** Number of independent groups of channels: outputs of a group see only inputs of the same group. */
  readonly groups: number;
}

/** The options of a normalisation, which say which elements share a mean and a variance. */
export interface Normalization {
  /** The axes over which the mean and the variance are taken. */
  readonly axes: readonly number[];
  /** The number added to the variance. */
  readonly eps: number;
  /** Whether the mean is subtracted. If not, the variance is the mean square. */
  readonly centered: boolean;
}

/**
 * The primitives: the complete, closed list of operations that tapegrad is made of, generic in the array type `A`.
 *
 * Everything else is an interpreter of this list (arrays, recorded tensors, shapes alone) or is composed from it. All
 * primitives follow one convention, so that an interpreter can treat them alike: array inputs come first, then at most
 * one value of plain data. Operands of an elementwise primitive have the same dtype and broadcast. Axes are not
 * negative.
 */
export interface Kernels<A> {
  /** An array filled with one value. */
  full(of: { readonly shape: Shape; readonly value: number; readonly dtype: DType }): A;

  // Elementwise, one operand.
  neg(x: A): A;
  abs(x: A): A;
  /** -1, 0 or 1; NaN for NaN. */
  sign(x: A): A;
  exp(x: A): A;
  /** exp(x) - 1, accurate near 0. */
  expm1(x: A): A;
  log(x: A): A;
  /** log(1 + x), accurate near 0. */
  log1p(x: A): A;
  sqrt(x: A): A;
  sin(x: A): A;
  cos(x: A): A;
  tan(x: A): A;
  asin(x: A): A;
  acos(x: A): A;
  atan(x: A): A;
  sinh(x: A): A;
  cosh(x: A): A;
  tanh(x: A): A;
  /** 1 / (1 + exp(-x)), without overflow. */
  sigmoid(x: A): A;
  /** max(x, 0). */
  relu(x: A): A;
  /** log(1 + exp(x)), without overflow. */
  softplus(x: A): A;
  /** The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
  erf(x: A): A;
  /** 1 - erf(x), accurate where it is small. */
  erfc(x: A): A;
  /** The largest integer not above x. */
  floor(x: A): A;
  /** The smallest integer not below x. */
  ceil(x: A): A;
  /** The nearest integer, with ties to even. */
  round(x: A): A;
  /** The same array, treated as a constant: no gradient flows through it. */
  stopGradient(x: A): A;

  // Elementwise, two operands.
  add(x: A, y: A): A;
  sub(x: A, y: A): A;
  mul(x: A, y: A): A;
  div(x: A, y: A): A;
  /**
   * x to the power y, like JavaScript's `**`. It is 1 if y is 0. Otherwise it is NaN if x or y is NaN, or if x is 1 or
   * -1 and y is infinite.
   */
  pow(x: A, y: A): A;
  /**
   * x - floor(x / y) y, without rounding the quotient: the result has the divisor's sign. An int32 remainder by 0 is
   * 0.
   */
  remainder(x: A, y: A): A;
  /** The angle of the point (y, x) from the positive x axis: y comes first. */
  atan2(y: A, x: A): A;
  /** The larger element; NaN if either is NaN. On bool: or. */
  maximum(x: A, y: A): A;
  /** The smaller element; NaN if either is NaN. On bool: and. */
  minimum(x: A, y: A): A;

  /**
   * g s'(x) for an activation y = s(x) whose derivative can be computed from y: g (1 - y^2) for tanh, g y (1 - y) for
   * sigmoid. For relu, it is g where y is not 0, and 0 elsewhere, even if g is infinite or NaN. g and y have the same
   * shape. Computing this takes one pass over memory instead of three.
   */
  activationGrad(g: A, y: A, of: Activation): A;

  // Comparisons, with bool results; NaN compares false.
  equal(x: A, y: A): A;
  less(x: A, y: A): A;
  lessEqual(x: A, y: A): A;

  /** x where the condition (bool) is true, y elsewhere. */
  where(condition: A, x: A, y: A): A;
  /** Casts to integers by truncation toward zero, and to bool by `x != 0`. */
  cast(x: A, dtype: DType): A;

  // Reductions; reduced axes are kept with length 1.
  sum(x: A, axes: readonly number[]): A;
  /** The mean of floats. The sum is divided by n before it is rounded to the dtype, so that it doesn't overflow. */
  mean(x: A, axes: readonly number[]): A;
  /** The product. It overflows or underflows only if the exact product does; int32 products wrap. */
  prod(x: A, axes: readonly number[]): A;
  /** For each element, the product of all others along the axes, in the shape of x; floats only. */
  prodOfOthers(x: A, axes: readonly number[]): A;
  max(x: A, axes: readonly number[]): A;
  min(x: A, axes: readonly number[]): A;
  /** int32 index of the first maximum along an axis; a NaN counts as the largest. */
  argmax(x: A, axis: number): A;
  /** int32 index of the first minimum along an axis; a NaN counts as the smallest. */
  argmin(x: A, axis: number): A;
  /** Running sum along an axis. */
  cumsum(x: A, axis: number): A;
  /** int32 indices that sort an axis. The sort is stable, and a NaN counts as the largest. */
  argsort(x: A, order: SortOrder): A;

  // Movement.
  reshape(x: A, shape: Shape): A;
  permute(x: A, order: readonly number[]): A;
  broadcastTo(x: A, shape: Shape): A;
  slice(x: A, slice: Slice): A;
  /** The adjoint of `slice`: zeros of `shape`, with x at the positions that the slice would read. */
  scatterSlice(x: A, into: Slice & { readonly shape: Shape }): A;
  /** Concatenates a list of arrays along an axis. It takes a list because the number of arguments of a call is limited. */
  concat(inputs: readonly A[], axis: number): A;

  // Indexing.
  /** Entries of an axis selected by int32 indices; the axes of `indices` replace the axis. */
  take(x: A, indices: A, axis: number): A;
  /** The adjoint of `take`: zeros with `size` entries along the axis, with x's entries added at their indices. */
  scatterAdd(x: A, indices: A, into: { readonly axis: number; readonly size: number }): A;

  // Products.
  /** [..., m, k] times [..., k, n]; the axes before the last two broadcast. */
  matmul(x: A, y: A): A;
  /**
   * x w + b, with x [..., m, k], w [k, n] and b [n]. The sums start from the bias, so that adding it takes no extra
   * pass.
   */
  affine(x: A, w: A, b: A): A;

  // Classification, fused: one pass over the logits instead of ten.
  /** log sum_j e^(x_j) - x_label for each row of logits x [n, c] and its int32 label of [n]: [n]. */
  crossEntropy(logits: A, labels: A): A;
  /** The gradient of the cross-entropies times g [n]: g_i (softmax(x)_ij - [j = label_i]), [n, c]. */
  crossEntropyGrad(g: A, logits: A, labels: A): A;

  // Normalisation, fused: (x - mean) / sqrt(variance + eps), in one or two passes instead of a dozen.
  /** The normalised x times w, plus b. w and b broadcast to the shape of x. */
  normalize(x: A, w: A, b: A, of: Normalization): A;
  /**
   * The gradient of `normalize` with respect to x, for the cotangent g: the symmetric Jacobian of normalisation
   * (without w) times g w.
   */
  normalizeGrad(g: A, x: A, w: A, of: Normalization): A;
  /** The gradient of `normalize` with respect to a w of the given shape: the sum of g times the normalised x. */
  normalizeWeightGrad(g: A, x: A, of: Normalization & { readonly shape: Shape }): A;
  /** The means and the variances, sum (x - mean)^2 / n, stacked: [2, ...], with reduced axes of length 1. */
  moments(x: A, axes: readonly number[]): A;

  // Windows.
  /** Sliding windows over the last axes: [..., n1, n2] becomes [..., size1, size2, positions1, positions2]. */
  unfold(x: A, windows: readonly Window[]): A;
  /**
   * The adjoint of `unfold`: adds the windows' entries at their original positions, in zeros whose last axes are
   * `shape`.
   */
  fold(x: A, into: { readonly windows: readonly Window[]; readonly shape: Shape }): A;

  // Convolutions: a trilinear form t(x, w, y). Each primitive is its derivative in one argument, as a function of the
  // other two.
  /**
   * Products of the windows of x with the weight w: the cross-correlation that neural networks call a convolution.
   * Zeros of the padding are multiplied like other elements, so an infinite weight gives NaN there.
   */
  conv(x: A, w: A, of: Convolution): A;
  /** The adjoint of `conv` with respect to x, whose axes after the channels are `shape`. */
  convInput(y: A, w: A, of: Convolution & { readonly shape: Shape }): A;
  /** The adjoint of `conv` with respect to w. */
  convWeight(x: A, y: A, of: Convolution): A;

  /**
   * For each window over the last axes, the element of x at the position of the first maximum of `by`. A NaN counts as
   * the largest.
   */
  maxPool(x: A, by: A, windows: readonly Window[]): A;
  /**
   * The adjoint of `maxPool` with respect to x: adds each entry of y, into zeros, at the position of the first maximum
   * of `by` in its window.
   */
  maxUnpool(y: A, by: A, windows: readonly Window[]): A;
}

/** The name of a primitive. */
export type Primitive = keyof Kernels<ArrayLike>;

/**
 * The windowed primitives. Only some functions of core and nn use them, and programs that call none of these don't
 * include them.
 */
export type WindowedKernels<A> = Pick<
  Kernels<A>,
  'unfold' | 'fold' | 'conv' | 'convInput' | 'convWeight' | 'maxPool' | 'maxUnpool'
>;

/** The primitive of the extension with `pow`. */
export type PowerKernels<A> = Pick<Kernels<A>, 'pow'>;

/** The primitives of the extension with functions of angles. */
export type TrigonometricKernels<A> = Pick<
  Kernels<A>,
  'sin' | 'cos' | 'tan' | 'asin' | 'acos' | 'atan' | 'sinh' | 'cosh' | 'atan2'
>;

/** The primitives of the extension with special functions. */
export type SpecialKernels<A> = Pick<Kernels<A>, 'erf' | 'erfc'>;

/** The primitives of the extension with products of elements along axes. */
export type ElementProductKernels<A> = Pick<Kernels<A>, 'prod' | 'prodOfOthers'>;

/** The primitives of the extension with `argmax`, `argmin` and `argsort`. */
export type OrderingKernels<A> = Pick<Kernels<A>, 'argmax' | 'argmin' | 'argsort'>;

/** The primitives of the extension with exponentials and logarithms that are accurate near 0. */
export type NearZeroKernels<A> = Pick<Kernels<A>, 'expm1' | 'log1p' | 'softplus'>;

/** The primitives of the extension with rounding and remainders. */
export type RoundingKernels<A> = Pick<Kernels<A>, 'floor' | 'ceil' | 'round' | 'remainder'>;

/** The primitives of the extension with `take` and `scatterAdd`. */
export type IndexingKernels<A> = Pick<Kernels<A>, 'take' | 'scatterAdd'>;

/** The primitive of the extension with `cumsum`. */
export type CumulativeKernels<A> = Pick<Kernels<A>, 'cumsum'>;

/** The primitives of the extension with normalisation and its gradients. */
export type NormalizationKernels<A> = Pick<
  Kernels<A>,
  'normalize' | 'normalizeGrad' | 'normalizeWeightGrad' | 'moments'
>;

type ExtensionKernels<A> = WindowedKernels<A> &
  NormalizationKernels<A> &
  PowerKernels<A> &
  TrigonometricKernels<A> &
  SpecialKernels<A> &
  ElementProductKernels<A> &
  OrderingKernels<A> &
  IndexingKernels<A> &
  CumulativeKernels<A> &
  NearZeroKernels<A> &
  RoundingKernels<A>;

/** The primitives that every program includes. */
export type CommonKernels<A> = Omit<Kernels<A>, keyof ExtensionKernels<A>>;

// An array type that no interpreter has. It distinguishes array inputs from plain data in a signature.
interface Input extends ArrayLike {
  readonly input: never;
}
type LeadingInputs<Parameters extends readonly unknown[]> = Parameters extends readonly [Input, ...infer Rest]
  ? readonly [Input, ...LeadingInputs<Rest>]
  : readonly [];

/** Primitives that take a list of any number of arrays. */
export type VariadicPrimitive = 'concat';

/** A tuple with an element for each array input of a primitive. */
export type InputsOf<P extends Exclude<Primitive, VariadicPrimitive>> = LeadingInputs<Parameters<Kernels<Input>[P]>>;

/** The plain data that a primitive takes after its array inputs, or `undefined` if it takes none. */
export type AttributesOf<P extends Primitive> = P extends VariadicPrimitive
  ? number
  : Parameters<Kernels<Input>[P]> extends readonly [...InputsOf<Exclude<P, VariadicPrimitive>>, infer Attributes]
    ? Attributes
    : undefined;

/** The primitives with the signature `F`. */
type Having<F> = {
  [P in Primitive]: Kernels<ArrayLike>[P] extends F ? (F extends Kernels<ArrayLike>[P] ? P : never) : never;
}[Primitive];

/** The elementwise primitives on one operand. */
export type Unary = Exclude<Having<(x: ArrayLike) => ArrayLike>, 'stopGradient'>;

/** The elementwise primitives on two operands. */
export type Binary = Exclude<Having<(x: ArrayLike, y: ArrayLike) => ArrayLike>, 'matmul' | 'crossEntropy'>;

/** The dtypes that an elementwise primitive accepts: only floats, all numbers, or also bool. */
export type Operands = 'floats' | 'numbers' | 'any';

/**
 * The elementwise primitives on one operand, and the dtypes they accept. An element of the result depends only on the
 * same element of the operands. Arity, result types, tangents and batching rules follow from this table. Results have
 * the operands' dtype.
 */
export const unary = {
  neg: 'numbers',
  abs: 'numbers',
  sign: 'numbers',
  exp: 'floats',
  expm1: 'floats',
  log: 'floats',
  log1p: 'floats',
  sqrt: 'floats',
  sin: 'floats',
  cos: 'floats',
  tan: 'floats',
  asin: 'floats',
  acos: 'floats',
  atan: 'floats',
  sinh: 'floats',
  cosh: 'floats',
  tanh: 'floats',
  sigmoid: 'floats',
  relu: 'numbers',
  softplus: 'floats',
  erf: 'floats',
  erfc: 'floats',
  floor: 'floats',
  ceil: 'floats',
  round: 'floats',
} as const satisfies { readonly [P in Unary]: Operands };

/** The elementwise primitives on two operands, and the dtypes they accept. */
export const binary = {
  add: 'numbers',
  sub: 'numbers',
  mul: 'numbers',
  div: 'floats',
  pow: 'floats',
  remainder: 'numbers',
  atan2: 'floats',
  maximum: 'any',
  minimum: 'any',
} as const satisfies { readonly [P in Exclude<Binary, Comparison>]: Operands };

/** The elementwise primitives with bool results. */
export const comparisons = { equal: 'any', less: 'any', lessEqual: 'any' } as const satisfies Record<string, Operands>;
export type Comparison = keyof typeof comparisons;

/** Creates a primitive from each entry of a table with `make`. Interpreters use it to turn loops into primitives. */
export const mapEntries = <K extends string, F, G>(table: { readonly [P in K]: F }, make: (name: K, entry: F) => G) =>
  Object.fromEntries(Object.entries<F>(table).map(([name, entry]) => [name, make(name as K, entry)])) as Record<K, G>;

/** Number of array inputs of each primitive. */
export const arity: {
  readonly [P in Primitive]: P extends Exclude<Primitive, VariadicPrimitive> ? InputsOf<P>['length'] : 'variadic';
} = {
  full: 0,
  ...mapEntries(unary, () => 1 as const),
  stopGradient: 1,
  ...mapEntries(binary, () => 2 as const),
  activationGrad: 2,
  ...mapEntries(comparisons, () => 2 as const),
  where: 3,
  cast: 1,
  sum: 1,
  mean: 1,
  prod: 1,
  prodOfOthers: 1,
  max: 1,
  min: 1,
  argmax: 1,
  argmin: 1,
  cumsum: 1,
  argsort: 1,
  reshape: 1,
  permute: 1,
  broadcastTo: 1,
  slice: 1,
  scatterSlice: 1,
  concat: 'variadic',
  take: 2,
  scatterAdd: 2,
  matmul: 2,
  affine: 3,
  crossEntropy: 2,
  crossEntropyGrad: 3,
  normalize: 3,
  normalizeGrad: 3,
  normalizeWeightGrad: 2,
  moments: 1,
  unfold: 1,
  fold: 1,
  conv: 2,
  convInput: 2,
  convWeight: 2,
  maxPool: 2,
  maxUnpool: 2,
};

/** Calls a primitive by name, with its array inputs and, if it takes them, its attributes. */
export function callPrimitive<A>(kernels: Kernels<A>, op: Primitive, inputs: readonly A[], attributes: unknown): A {
  const run = kernels[op] as (...operands: readonly unknown[]) => A;
  return arity[op] === 'variadic' ? run(inputs, attributes) : run(...inputs, attributes);
}

/**
 * Returns whether a primitive's result has its own memory in every interpreter. Results of the other primitives may be
 * views of an operand, which matters to code that changes the operand in place.
 */
export const givesOwnMemory = (op: Primitive): boolean =>
  op in unary || op in binary || op in comparisons || op === 'matmul' || op === 'affine' || op === 'activationGrad';

/** All primitives, in the order of the interface. */
export const primitives = Object.keys(arity) as readonly Primitive[];
