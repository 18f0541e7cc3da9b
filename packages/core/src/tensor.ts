import {
  ArgumentError,
  checkSynchronous,
  contiguous,
  type Data,
  type DType,
  DTypeError,
  filled,
  formatShape,
  hasNumber,
  isFloat,
  type Kernels,
  NdArray,
  normalizeAxis,
  RefCounted,
  type Shape,
  ShapeError,
  sameShape,
} from '@tapegrad/kernels';
import {
  along,
  completeOrder,
  completeShape,
  extremum,
  matmul,
  type NormOptions,
  ownShape,
  pad,
  position,
  type ReduceOptions,
  reduce,
  someAxes,
  type VarianceOptions,
} from './checks/arguments.ts';
import { describeValue, marked, markOf } from './checks/describe-value.ts';
import { TapeError } from './checks/errors.ts';
import { checkNoMore, checkOptions, countArguments } from './checks/untyped-callers.ts';
import * as compositions from './composites.ts';
import { interpreter } from './engine.ts';
import { formatArray } from './format.ts';
import {
  checkIndicesAlong,
  type Index,
  type Indexed,
  index,
  indexList,
  resolveMasks,
  resolveRange,
  slice,
} from './indexing.ts';
import { type MemoryScope, scopeOf } from './memory-scope.ts';
import { noteView } from './tape/changes.ts';
import type { Entry, Recorded } from './tape/entry.ts';
import type { ValueDomain } from './tape/pullback.ts';
import { recorded } from './tape/recorded.ts';
import { withRecording } from './tape/recording.ts';
import { sweep } from './tape/sweep.ts';
import type {
  Absorbs,
  Axes,
  Broadcast,
  MatMul,
  Nested,
  NestedAs,
  Pad,
  PadWidths,
  Permute,
  Reduce,
  ReplaceAxis,
  Reshape,
  Transpose,
  Where,
} from './types/static-shapes.ts';

/** The shape of a scalar. */
export type Scalar = readonly [];

/** The tensor type for a shape, if the shape is not an error. */
export type Of<S> = S extends infer T extends Shape ? Tensor<T> : never;
/** The operand `Tensor<B>`, or the message that says why it does not fit. */
export type Fitting<Result, B extends Shape> =
  Result extends ShapeError<infer Message> ? ShapeError<Message> : Tensor<B>;
/** A second operand that broadcasts with shape `A`, or the message that says why it does not. */
export type Operand<Call extends string, A extends Shape, B extends Shape> =
  Absorbs<A, B> extends true ? Tensor<B> : Fitting<Broadcast<Call, A, B>, B>;
/**
 * The result of an elementwise operation on a tensor of shape `A` and an operand `Y` of shape `B`.
 *
 * An unknown `Y` means that there is no call. The compiler then compares methods to infer the shape of a `Parameter`, and
 * must not infer it from a method's result.
 */
export type Combined<Call extends string, A extends Shape, B extends Shape, Y> = unknown extends Y
  ? Tensor
  : Absorbs<A, B> extends true
    ? Tensor<A>
    : Of<Broadcast<Call, A, B>>;

/** The second value of `where`, which must broadcast with the condition and the first value. */
export type Alternative<C extends Shape, A extends Shape, B extends Shape> = [Absorbs<C, A>, Absorbs<C, B>] extends [
  true,
  true,
]
  ? Tensor<B>
  : Fitting<Where<C, A, B>, B>;
/** The result of `where` for a condition of shape `C` and values of shapes `A` and `B`, of which the second is a `Y`. */
export type Chosen<C extends Shape, A extends Shape, B extends Shape, Y> = unknown extends Y
  ? Tensor
  : [Absorbs<C, A>, Absorbs<C, B>] extends [true, true]
    ? Tensor<C>
    : Of<Where<C, A, B>>;

/** The options of `backward`. */
export interface BackwardOptions {
  /** The cotangent to start from, of the tensor's own shape and dtype. Defaults to 1 for a scalar. */
  readonly seed?: Tensor;
  /**
   * Whether to record the backward pass, so that the gradients can be differentiated again. Implies `retainGraph`. Defaults
   * to false.
   */
  readonly createGraph?: boolean;
  /** Whether to keep the tape for another backward pass. Defaults to false. */
  readonly retainGraph?: boolean;
  /** The tensors whose gradients to compute, which may be intermediate results. Defaults to all parameters and inputs. */
  readonly wanted?: readonly Tensor[];
}

const tensorMark = markOf('a tensor');

/**
 * An immutable array of numbers of one dtype. The type system knows its shape as far as possible, and it records how it was
 * computed.
 *
 * The operands of an operation must have the same dtype, and they broadcast: axes are matched from the last, and an axis of
 * length 1 is stretched. Errors throw `ShapeError`, `DTypeError` or `ArgumentError`; those visible in the types do not
 * compile.
 *
 * @example
 * const w = tensor([[1, 2], [3, 4]], { requiresGrad: true });
 * const loss = w.mul(w).sum();
 * loss.backward().of(w).toArray(); // [[2, 4], [6, 8]]
 */
export class Tensor<out S extends Shape = Shape> implements Recorded {
  /**
   * The elements as stored in memory, for code that inspects an object's own properties: test runners' comparisons,
   * `structuredClone`, debuggers. Programs use `data`, `array` or `toArray()`.
   */
  readonly storage: NdArray;
  /** The scope that lent the elements, if any. */
  readonly #scope: MemoryScope | undefined;
  readonly #entry: Entry<Tensor> | undefined;
  readonly #requiresGrad: boolean;

  /** This constructor is for interpreters. Programs make tensors with `tensor`, `zeros` and similar functions. */
  constructor(array: NdArray, entry?: Entry, requiresGrad = entry !== undefined) {
    this.storage = array;
    this.#scope = scopeOf(array);
    this.#entry = entry as Entry<Tensor> | undefined;
    this.#requiresGrad = requiresGrad;
  }

  /**
   * The tape entry of the operation that computed it. `undefined` for an input of the program, or if nothing was recorded.
   */
  get entry(): Entry<Tensor> | undefined {
    return this.#entry;
  }

  /**
   * Whether gradients flow to it: it is a parameter, was created with `requiresGrad`, or was computed from such a tensor.
   */
  get requiresGrad(): boolean {
    return this.#requiresGrad;
  }

  /** The elements as a strided array. To get an `ndarray`, use `toNdarray` of `@tapegrad/kernels/ndarray`. */
  get array(): NdArray {
    this.#scope?.check();
    return this.storage;
  }

  /** Moves a variable to other memory with the same elements. Views keep the old memory. */
  protected moveTo(data: Data): void {
    (this as { storage: NdArray }).storage = new NdArray(data, this.dtype, this.shape);
  }

  get shape(): S {
    return this.storage.shape as S;
  }

  get dtype(): DType {
    return this.storage.dtype;
  }

  /** The number of axes. */
  get rank(): number {
    return this.storage.shape.length;
  }

  /** The number of elements. */
  get size(): number {
    return this.storage.size;
  }

  /** Prevents frameworks such as Vue from wrapping it in a proxy. */
  get [Symbol.toStringTag](): string {
    return 'Tensor';
  }

  /** The description in messages. */
  get [marked](): object {
    return tensorMark;
  }

  /** A name for messages: `undefined` except for variables. */
  get name(): string | undefined {
    return undefined;
  }

  /**
   * The elements in row-major order, which must not be written to. A copy if the tensor is a view of another, or is lent.
   */
  get data(): Data {
    const array = contiguous(this.array);
    const { data, offset, size } = array;
    // A subarray would keep the whole underlying array in memory.
    if (data.length === size && scopeOf(array) === undefined) return data;
    return data.slice(offset, offset + size);
  }

  /**
   * All elements that the tensor represents, inside `vmap` those of every example. The same as `data`, but must not be
   * kept.
   */
  get elements(): Data {
    return flat(contiguous(this.array));
  }

  /** Returns the number in a tensor of one element. */
  item(): number {
    if (this.size !== 1) {
      throw new ShapeError(`item: expected a tensor of one element, got shape ${formatShape(this.shape)}`);
    }
    return this.array.data[this.array.offset]!;
  }

  /** Returns the elements as arrays nested once for each axis, or a number for a scalar. */
  toArray(): NestedAs<S, number> {
    const { shape, data } = this;
    const build = (axis: number, start: number, size: number): Nested<number> =>
      axis === shape.length
        ? data[start]!
        : Array.from({ length: shape[axis]! }, (_, i) =>
            build(axis + 1, start + (i * size) / shape[axis]!, size / shape[axis]!),
          );
    return build(0, 0, this.size) as NestedAs<S, number>;
  }

  /**
   * Returns shape, dtype and elements in row-major order, for `JSON.stringify`. JSON has neither NaN nor infinities: they
   * become null.
   *
   * @example
   * tensor([[1, 2]]).toJSON().data; // [1, 2]
   */
  toJSON(_key?: string): { readonly shape: S; readonly dtype: DType; readonly data: readonly number[] } {
    return { shape: this.shape, dtype: this.dtype, data: Array.from(this.data) };
  }

  toString(): string {
    return `Tensor ${formatArray(this.array)}`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  // Differentiation.

  /** Returns the same elements as a constant: no gradient flows through the result. */
  detach(): Tensor<S> {
    return new Tensor(this.array);
  }

  /**
   * Computes the gradients of this scalar with respect to every parameter and input that it was computed from. For a tensor
   * y of any shape, a `seed` v gives the gradients of the sum of v y: a vector-Jacobian product.
   *
   * A backward pass consumes the tape, unless `retainGraph` or `createGraph` is set.
   *
   * @throws TapeError if nothing that requires a gradient was involved, if the tape was consumed, or if a parameter has
   * changed whose old value a rule needs.
   * @example
   * const x = tensor(3, { requiresGrad: true });
   * const dx = x.mul(x).mul(x).backward({ createGraph: true }).of(x); // 3 x^2 = 27
   * dx.backward().of(x).item(); // 6 x = 18
   */
  backward(options?: BackwardOptions): Gradients {
    return backwardAlong(this, options);
  }

  // Arithmetic.

  /** Computes x + y. */
  add<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'add', S, B>)): Combined<'add', S, B, Y> {
    return k.add(this, operand('add', this, y)) as never;
  }

  /** Computes x - y. */
  sub<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'sub', S, B>)): Combined<'sub', S, B, Y> {
    return k.sub(this, operand('sub', this, y)) as never;
  }

  /** Computes x y elementwise. */
  mul<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'mul', S, B>)): Combined<'mul', S, B, Y> {
    return k.mul(this, operand('mul', this, y)) as never;
  }

  /** Computes x / y elementwise; floats only. */
  div<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'div', S, B>)): Combined<'div', S, B, Y> {
    return k.div(this, operand('div', this, y)) as never;
  }

  /** Computes x^y. The derivative of x^0 is 0 everywhere. */
  pow<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'pow', S, B>)): Combined<'pow', S, B, Y> {
    return k.pow(this, operand('pow', this, y)) as never;
  }

  /** Returns the larger of two; in a tie, each gets half of the gradient. On bool: or. */
  maximum<B extends Shape = Scalar, Y = unknown>(
    y: number | (Y & Operand<'maximum', S, B>),
  ): Combined<'maximum', S, B, Y> {
    return k.maximum(this, operand('maximum', this, y)) as never;
  }

  /** Returns the smaller of two; in a tie, each gets half of the gradient. On bool: and. */
  minimum<B extends Shape = Scalar, Y = unknown>(
    y: number | (Y & Operand<'minimum', S, B>),
  ): Combined<'minimum', S, B, Y> {
    return k.minimum(this, operand('minimum', this, y)) as never;
  }

  /** Computes -x. */
  neg(): Tensor<S> {
    return k.neg(this) as Tensor<S>;
  }

  /** Computes |x|, with derivative 0 at 0. */
  abs(): Tensor<S> {
    return k.abs(this) as Tensor<S>;
  }

  /** Returns the sign, -1, 0 or 1; no gradient flows. */
  sign(): Tensor<S> {
    return k.sign(this) as Tensor<S>;
  }

  /** Computes e^x. */
  exp(): Tensor<S> {
    return k.exp(this) as Tensor<S>;
  }

  /** Computes e^x - 1, accurate near 0. */
  expm1(): Tensor<S> {
    return k.expm1(this) as Tensor<S>;
  }

  /** Computes the natural logarithm. */
  log(): Tensor<S> {
    return k.log(this) as Tensor<S>;
  }

  /** Computes log(1 + x), accurate near 0. */
  log1p(): Tensor<S> {
    return k.log1p(this) as Tensor<S>;
  }

  /** Computes the square root, with derivative infinity at 0. */
  sqrt(): Tensor<S> {
    return k.sqrt(this) as Tensor<S>;
  }

  /** Computes the sine of an angle in radians. */
  sin(): Tensor<S> {
    return k.sin(this) as Tensor<S>;
  }

  /** Computes the cosine of an angle in radians. */
  cos(): Tensor<S> {
    return k.cos(this) as Tensor<S>;
  }

  /** Computes the hyperbolic tangent; y' = 1 - y^2. */
  tanh(): Tensor<S> {
    return k.tanh(this) as Tensor<S>;
  }

  /** Computes 1 / (1 + e^-x); y' = y (1 - y). */
  sigmoid(): Tensor<S> {
    return k.sigmoid(this) as Tensor<S>;
  }

  /** Computes max(x, 0), with derivative 0 at 0. */
  relu(): Tensor<S> {
    return k.relu(this) as Tensor<S>;
  }

  /** Computes log(1 + e^x). */
  softplus(): Tensor<S> {
    return k.softplus(this) as Tensor<S>;
  }

  /** Computes the error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x. */
  erf(): Tensor<S> {
    return k.erf(this) as Tensor<S>;
  }

  // Comparisons: bool results, through which no gradient flows.

  /** Returns whether x = y. */
  equal<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'equal', S, B>)): Combined<'equal', S, B, Y> {
    return k.equal(this, operand('equal', this, y)) as never;
  }

  /** Returns the negation of x = y, so true if either is NaN. */
  notEqual<B extends Shape = Scalar, Y = unknown>(
    y: number | (Y & Operand<'notEqual', S, B>),
  ): Combined<'notEqual', S, B, Y> {
    const same = k.equal(this, operand('notEqual', this, y));
    return k.equal(same, scalar('notEqual', 0, 'bool')) as never;
  }

  /** Returns whether x < y. */
  less<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'less', S, B>)): Combined<'less', S, B, Y> {
    return k.less(this, operand('less', this, y)) as never;
  }

  /** Returns whether x <= y. */
  lessEqual<B extends Shape = Scalar, Y = unknown>(
    y: number | (Y & Operand<'lessEqual', S, B>),
  ): Combined<'lessEqual', S, B, Y> {
    return k.lessEqual(this, operand('lessEqual', this, y)) as never;
  }

  /** Returns whether x > y. */
  greater<B extends Shape = Scalar, Y = unknown>(
    y: number | (Y & Operand<'greater', S, B>),
  ): Combined<'greater', S, B, Y> {
    return k.less(operand('greater', this, y), this) as never;
  }

  /** Returns whether x >= y. */
  greaterEqual<B extends Shape = Scalar, Y = unknown>(
    y: number | (Y & Operand<'greaterEqual', S, B>),
  ): Combined<'greaterEqual', S, B, Y> {
    return k.lessEqual(operand('greaterEqual', this, y), this) as never;
  }

  /**
   * Selects x where this bool condition is true, and y elsewhere. A number takes the dtype of the other value; if both are
   * numbers, float32.
   */
  where<A extends Shape = Scalar, B extends Shape = Scalar, Y = unknown>(
    x: number | Operand<'where', S, A>,
    y: number | (Y & Alternative<S, A, B>),
  ): Chosen<S, A, B, Y> {
    const like = x instanceof Tensor ? x : y instanceof Tensor ? y : byDefault;
    return k.where(this, operand('where', like, x), operand('where', like, y)) as never;
  }

  /**
   * Converts the numbers to another dtype; this is the only way to change it. Conversion to int32 truncates; conversion to
   * bool is `x != 0`.
   *
   * @throws DTypeError if int32 can't represent an entry: NaN, an infinity, or one beyond 2^31. A wrapped value could pass
   * for a label.
   */
  cast(dtype: DType): Tensor<S> {
    return (dtype === this.dtype ? this : k.cast(this, dtype)) as Tensor<S>;
  }

  // Reductions, over one axis, several, or all.

  /** Computes the sum of the elements; float32 sums are more accurate than pairwise summation. */
  sum<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    return reduce<Tensor>(k, 'sum', this, axis, options, (axes) => k.sum(this, axes)) as never;
  }

  /** Computes the arithmetic mean. */
  mean<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    checkFloat('mean', this);
    return reduce<Tensor>(k, 'mean', this, axis, options, (axes) => k.mean(this, axes)) as never;
  }

  /**
   * Computes sum (x - mean)^2 / (n - correction), with full precision whatever the mean. The correction defaults to 1
   * (Bessel's).
   */
  variance<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: VarianceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    checkOptions('variance', options, ['keepDims', 'correction']);
    checkFloat('variance', this);
    const correction = options?.correction ?? 1;
    if (!(correction >= 0))
      throw new ArgumentError(`variance: the correction is ${correction}, expected a number >= 0`);
    return along<Tensor>(k, 'variance', this, axis, options, (axes) =>
      compositions.variance(k, this, axes, correction),
    ) as never;
  }

  /**
   * Computes the product in float64; it overflows only if the result itself is too large. Derivatives are exact even if
   * elements are zero. First derivatives have no intermediate overflow or underflow.
   */
  prod<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    if (this.dtype === 'bool') throw new DTypeError('prod: expected numbers, got bool; cast it first');
    return reduce<Tensor>(k, 'prod', this, axis, options, (axes) => k.prod(this, axes)) as never;
  }

  /**
   * Returns the largest element. Along one axis, the gradient goes to the first of tied elements, otherwise evenly to all
   * of them.
   */
  max<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    return extremum<Tensor>(k, 'max', this, axis, options) as never;
  }

  /**
   * Returns the smallest element. Along one axis, the gradient goes to the first of tied elements, otherwise evenly to all
   * of them.
   */
  min<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    return extremum<Tensor>(k, 'min', this, axis, options) as never;
  }

  /** Returns the int32 position of the first largest element, along an axis or among all in row-major order. */
  argmax<const A extends number | undefined = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    return position<Tensor>(k, 'argmax', this, axis, options) as never;
  }

  /** Returns the int32 position of the first smallest element, along an axis or among all in row-major order. */
  argmin<const A extends number | undefined = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    return position<Tensor>(k, 'argmin', this, axis, options) as never;
  }

  /**
   * Computes log sum e^x without overflow. At infinities its gradient is the limit: elements at -Infinity get 0, and those
   * tied at Infinity split it evenly.
   */
  logSumExp<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    checkFloat('logSumExp', this);
    return reduce<Tensor>(k, 'logSumExp', this, axis, options, (axes) =>
      compositions.logSumExp(k, this, axes),
    ) as never;
  }

  /**
   * Computes (sum |x|^p)^(1/p); p = Infinity gives the largest |x|. p defaults to 2. The derivative at 0 is 0. Intermediate
   * powers neither overflow nor underflow.
   */
  norm<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: NormOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    checkOptions('norm', options, ['keepDims', 'order']);
    checkFloat('norm', this);
    const order = options?.order ?? 2;
    if (!(order > 0)) throw new ArgumentError(`norm: the order is ${order}, expected a number above 0`);
    return along<Tensor>(k, 'norm', this, axis, options, (axes) => compositions.norm(k, this, axes, order)) as never;
  }

  /** Computes the running sum along an axis. */
  cumsum(axis: number): Tensor<S> {
    return k.cumsum(this, normalizeAxis('cumsum', axis, this.rank)) as Tensor<S>;
  }

  /** Computes e^x / sum e^x along one or more axes; all NaN if the largest x is infinite. */
  softmax(axis: number | readonly number[]): Tensor<S> {
    checkFloat('softmax', this);
    return compositions.softmax(k, this, someAxes('softmax', axis, this.rank)) as Tensor<S>;
  }

  /** Computes x - log sum e^x along one or more axes; all NaN if the largest x is infinite. */
  logSoftmax(axis: number | readonly number[]): Tensor<S> {
    checkFloat('logSoftmax', this);
    return compositions.logSoftmax(k, this, someAxes('logSoftmax', axis, this.rank)) as Tensor<S>;
  }

  // Data movement: views where memory allows.

  /** Returns the same elements, in row-major order, in another shape. One length may be -1, to be inferred. */
  reshape<const T extends Shape>(shape: T): Tensor<Reshape<T>> {
    return k.reshape(this, completeShape(this.shape, shape)) as unknown as Tensor<Reshape<T>>;
  }

  /** Swaps the last two axes. */
  transpose(): Of<Transpose<S>> {
    if (this.rank < 2) {
      throw new ShapeError(`transpose: expected two or more axes, got shape ${formatShape(this.shape)}`);
    }
    const axes = this.shape.map((_, i) => i);
    const [row, column] = axes.splice(-2) as [number, number];
    return k.permute(this, [...axes, column, row]) as never;
  }

  /** Axis `i` of the result is axis `order[i]` of this tensor. */
  permute<const Order extends Shape>(order: Order): Of<Permute<S, Order>> {
    return k.permute(this, completeOrder(order, this.rank)) as never;
  }

  /** Returns a view in which axes of length 1 are stretched, and new leading axes added. */
  broadcastTo<const T extends Shape>(shape: T): Tensor<T> {
    return k.broadcastTo(this, ownShape('broadcastTo', shape)) as unknown as Tensor<T>;
  }

  /** Reverses one or more axes. */
  flip(axis: number | readonly number[]): Tensor<S> {
    const axes = someAxes('flip', axis, this.rank);
    const ranges = this.shape.map((_, i) => (axes.includes(i) ? slice(undefined, undefined, -1) : slice()));
    return index<Tensor>(k, this, ranges) as Tensor<S>;
  }

  /**
   * Returns the entries of an axis from `start` up to but not including `stop`, every `step`-th. Negative bounds count from
   * the end.
   */
  slice<const A extends number>(
    axis: A,
    start?: number,
    stop?: number,
    step?: number,
  ): Of<ReplaceAxis<S, A, readonly [number]>> {
    const i = normalizeAxis('slice', axis, this.rank);
    const range = slice(start, stop, step);
    const { start: first, size } = resolveRange(range, this.shape[i]!);
    return compositions.sliceAxis<Tensor>(k, this, i, first, size, range.step) as never;
  }

  /**
   * Indexes each axis in turn. A number drops the axis, `slice(start, stop, step)` takes a range, and `null` adds an axis
   * of length 1. An int32 tensor takes entries in its order, and its axes replace the indexed axis. Negative positions
   * count from the end. Several int32 tensors are combined, as in NumPy: they broadcast, and pick the entries at [i, j],
   * [i', j'], …. Their axes replace the indexed axes, or come first if those are not adjacent. A bool mask of one or more
   * axes is equivalent to the positions where it is true.
   *
   * @example
   * const x = tensor([[1, 2, 3], [4, 5, 6]]);
   * x.index(1).toArray(); // [4, 5, 6]
   * x.index(slice(), slice(0, 2)).toArray(); // [[1, 2], [4, 5]]
   * x.index(tensor([0, 1], { dtype: 'int32' }), tensor([2, 0], { dtype: 'int32' })).toArray(); // [3, 4]
   * x.index(x.greater(2)).toArray(); // [3, 4, 5, 6]
   */
  index<const L extends readonly Index<Tensor>[]>(...list: L): Of<Indexed<S, L>> {
    return index<Tensor>(
      k,
      this,
      resolveMasks<Tensor>(this.shape, list, (positions) => new Tensor(positions)),
    ) as never;
  }

  /** Pads each axis before and after: `[[before, after], …]`. The value defaults to 0. */
  pad<const W extends PadWidths>(widths: W, value?: number): Of<Pad<S, W>> {
    const filler = Object.is(value ?? 0, 0) ? undefined : scalar('pad', value!, this.dtype);
    return pad<Tensor>(k, this, widths, filler) as never;
  }

  // Indexing.

  /**
   * Takes the entries of an axis in the order of int32 indices, whose axes replace that axis. The axis defaults to the
   * first.
   */
  take<I extends Shape = readonly [number], const A extends number = 0>(
    indices: Tensor<I> | readonly number[],
    axis?: A,
  ): Of<ReplaceAxis<S, A, I>> {
    return k.take(this, indexTensor('take', indices), normalizeAxis('take', axis ?? 0, this.rank)) as never;
  }

  /**
   * The adjoint of `take`: makes zeros with `size` entries along an axis, and adds this tensor's entries at their indices.
   */
  scatterAdd(indices: Tensor | readonly number[], size: number, axis?: number): Tensor {
    const places = indexTensor('scatterAdd', indices);
    const into = { axis: normalizeAxis('scatterAdd', axis ?? 0, this.rank - places.rank + 1), size };
    return k.scatterAdd(this, places, into);
  }

  /**
   * Picks an entry along an axis for each index: y[i, j] = x[i, indices[i, j]] for axis 1. The int32 indices have this
   * tensor's shape except along the axis.
   */
  gather<I extends Shape>(indices: Tensor<I>, axis: number): Tensor<I> {
    const i = normalizeAxis('gather', axis, this.rank);
    checkIndicesAlong('gather', this, checkTensor('gather', indices), i);
    return compositions.gather<Tensor>(k, this, indices, i) as Tensor<I>;
  }

  // Products.

  /**
   * Computes the matrix product over the last two axes; leading axes broadcast. A vector is a row on the left or a column
   * on the right, and its added axis is dropped from the result.
   */
  matmul<B extends Shape>(y: Fitting<MatMul<S, B>, B>): Of<MatMul<S, B>> {
    return matmul<Tensor>(k, this, checkTensor('matmul', y)) as never;
  }
}

/** Returns the elements of a contiguous array. */
const flat = ({ data, offset, size }: NdArray): Data =>
  data.length === size ? data : data.subarray(offset, offset + size);

/** Makes a tensor of an operation's result. */
export const wrap = (array: NdArray, entry: Entry | undefined): Tensor => new Tensor(array, entry);

/** The primitives on tensors. They are recorded if a gradient can flow through them. */
const k: Kernels<Tensor> = recorded<Tensor>(wrap);

export { k as kernels };

/** Returns the value domain for gradients that won't be differentiated again. */
export const onArrays = (): ValueDomain<Tensor, NdArray> => ({
  kernels: interpreter(),
  value: (x) => x.array,
  tensor: (array) => new Tensor(array),
});

/** The value domain for gradients that are recorded in turn. */
export const onTensors: ValueDomain<Tensor, Tensor> = { kernels: k, value: (x) => x, tensor: (x) => x };

const gradientsMark = markOf('gradients');

/** The gradients from a backward pass. They are a separate value, so there is nothing to reset before the next one. */
export class Gradients {
  readonly #gradients: ReadonlyMap<Tensor, Tensor>;

  constructor(gradients: ReadonlyMap<Tensor, Tensor>) {
    this.#gradients = gradients;
  }

  /** The description in messages. */
  get [marked](): object {
    return gradientsMark;
  }

  /**
   * Returns the gradient with respect to a tensor, of its shape and dtype. Throws `TapeError` if the loss does not depend
   * on it.
   */
  of<S extends Shape>(x: Tensor<S>): Tensor<S> {
    const gradient = this.#gradients.get(x);
    if (gradient !== undefined) return gradient as Tensor<S>;
    checkTensor('gradients', x);
    const which = x.name === undefined ? `a tensor of shape ${formatShape(x.shape)}` : `'${x.name}'`;
    const why = x.requiresGrad ? 'the loss does not reach it, or it was not wanted' : 'it does not require one';
    throw new TapeError(`gradients: there is none for ${which}: ${why}`);
  }

  has(x: Tensor): boolean {
    return this.#gradients.has(x);
  }

  /** The number of tensors that have a gradient. */
  get size(): number {
    return this.#gradients.size;
  }

  /** Iterates over pairs of a tensor and its gradient. */
  [Symbol.iterator](): Iterator<readonly [Tensor, Tensor]> {
    return this.#gradients[Symbol.iterator]();
  }

  /** Returns new gradients, each computed from an old one. */
  map(change: (gradient: Tensor, x: Tensor) => Tensor): Gradients {
    const made = (x: Tensor, gradient: Tensor) => checkSynchronous('gradients.map', change(gradient, x));
    return new Gradients(new Map([...this].map(([x, gradient]) => [x, made(x, gradient)])));
  }

  /**
   * Adds the gradients of another backward pass, as over micro-batches. A tensor with a gradient in only one of them keeps
   * it.
   */
  add(other: Gradients): Gradients {
    if (!(other instanceof Gradients))
      throw new ArgumentError(`gradients.add: expected gradients, got ${describeValue(other)}`);
    const sum = new Map(this.#gradients);
    for (const [x, gradient] of other) {
      const mine = sum.get(x);
      sum.set(x, mine === undefined ? gradient : mine.add(gradient));
    }
    return new Gradients(sum);
  }

  /** Multiplies every gradient by a number. */
  scale(factor: number): Gradients {
    return this.map((gradient) => gradient.mul(factor));
  }
}

countArguments(Tensor.prototype, ['index', 'toString'], {
  transpose: '; it swaps the last two axes, and swapaxes(x, i, j) any two',
});
countArguments(Gradients.prototype);

/** Returns a number as a scalar tensor. */
function scalar(call: string, value: number, dtype: DType): Tensor {
  if (!hasNumber(dtype, value)) {
    throw new DTypeError(`${call}: ${value} is no ${dtype} number; cast the tensor first`);
  }
  return new Tensor(filled([], value, dtype));
}

/** The dtype of numbers by default. */
const byDefault = { dtype: 'float32' } as const;

/** Returns the second operand: a tensor unchanged, or a number converted to the dtype of the first. */
export function operand(call: string, like: Pick<Tensor, 'dtype'>, y: unknown): Tensor {
  if (y instanceof Tensor) return y;
  if (typeof y === 'number') return scalar(call, y, like.dtype);
  throw new ArgumentError(`${call}: expected a tensor or a number as operand, got ${describeValue(y)}`);
}

const nothing: readonly unknown[] = [];

/** Returns `x` after checking that it is a tensor, and that untyped callers passed no extra arguments in `more`. */
export function checkTensor(call: string, x: unknown, more = nothing): Tensor {
  checkNoMore(call, more);
  if (x instanceof Tensor) return x;
  throw new ArgumentError(`${call}: expected a tensor, got ${describeValue(x)}`);
}

/** Returns `x` after checking that it is a tensor of floats. */
export function checkFloat(call: string, x: unknown, more = nothing): Tensor {
  const { dtype } = checkTensor(call, x, more);
  if (!isFloat(dtype)) throw new DTypeError(`${call}: expected float32 or float64, got ${dtype}; cast it first`);
  return x as Tensor;
}

const indexTensor = (call: string, indices: Tensor | readonly number[]): Tensor =>
  indices instanceof Tensor ? indices : new Tensor(indexList(call, indices));

/**
 * Does the work of `backward`, optionally over other entries than those that computed the tensor, or in memory owned by the
 * caller.
 */
export function backwardAlong(
  y: Tensor,
  options: BackwardOptions = {},
  entries?: readonly Entry<Tensor>[],
  memory = new RefCounted(),
): Gradients {
  checkOptions('backward', options, ['seed', 'createGraph', 'retainGraph', 'wanted']);
  if (!y.requiresGrad) {
    throw new TapeError(
      'backward: the tensor was computed from nothing that requires a gradient, or where nothing is recorded',
    );
  }
  const seed = seedOf(y, options.seed);
  const wanted = wantedSet(options.wanted);
  const createGraph = options.createGraph ?? false;
  const retain = createGraph || (options.retainGraph ?? false);
  if (createGraph) {
    const seeds = new Map([[y, seed]]);
    return new Gradients(withRecording(true, () => sweep(seeds, onTensors, { entries, wanted, retain })));
  }
  const seeds = new Map([[y, seed.array]]);
  const run = { entries, wanted, retain, memory };
  const found = withRecording(false, () => sweep<Tensor, NdArray>(seeds, onArrays(), run));
  const gradients = new Map<Tensor, Tensor>();
  for (const [x, g] of found) gradients.set(x, new Tensor(g));
  return new Gradients(gradients);
}

function seedOf(y: Tensor, seed: Tensor | undefined): Tensor {
  if (seed === undefined) {
    if (y.size === 1) return new Tensor(filled(y.shape, 1, y.dtype));
    const got = `got shape ${formatShape(y.shape)}`;
    throw new ShapeError(`backward: expected a loss of one element, ${got}; reduce it, or pass { seed } of its shape`);
  }
  checkTensor('backward', seed);
  if (!sameShape(seed.shape, y.shape)) {
    throw new ShapeError(`backward: expected a seed of shape ${formatShape(y.shape)}, got ${formatShape(seed.shape)}`);
  }
  if (seed.dtype !== y.dtype) throw new DTypeError(`backward: expected a ${y.dtype} seed, got ${seed.dtype}`);
  noteView(seed.array.data);
  return seed;
}

function wantedSet(wanted: readonly Tensor[] | undefined): ReadonlySet<Tensor> | undefined {
  if (wanted === undefined) return undefined;
  if (!Array.isArray(wanted)) {
    throw new ArgumentError(`backward: expected a list of wanted tensors, got ${describeValue(wanted)}`);
  }
  const wrong = wanted.find((x) => !checkTensor('backward', x).requiresGrad);
  if (wrong !== undefined) {
    throw new TapeError(`backward: a wanted tensor of shape ${formatShape(wrong.shape)} does not require a gradient`);
  }
  return new Set(wanted);
}
