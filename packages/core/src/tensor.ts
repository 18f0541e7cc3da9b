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

/** The tensor of a shape, where the shape is not an error. */
export type Of<S> = S extends infer T extends Shape ? Tensor<T> : never;
/** The operand `Tensor<B>`, or the sentence that says why it does not fit. */
export type Fitting<Result, B extends Shape> =
  Result extends ShapeError<infer Message> ? ShapeError<Message> : Tensor<B>;
/** A second operand that broadcasts with shape `A`, or the sentence that says why it does not. */
export type Operand<Call extends string, A extends Shape, B extends Shape> =
  Absorbs<A, B> extends true ? Tensor<B> : Fitting<Broadcast<Call, A, B>, B>;
/**
 * What is made, element by element, of a tensor of shape `A` and an operand `Y` of shape `B`.
 *
 * Without `Y` there was no call: the compiler compares methods to find the shape of a `Parameter`, and is not to take it from
 * the result of one.
 */
export type Combined<Call extends string, A extends Shape, B extends Shape, Y> = unknown extends Y
  ? Tensor
  : Absorbs<A, B> extends true
    ? Tensor<A>
    : Of<Broadcast<Call, A, B>>;

/** The second value of `where`, which broadcasts with the condition and the first. */
export type Alternative<C extends Shape, A extends Shape, B extends Shape> = [Absorbs<C, A>, Absorbs<C, B>] extends [
  true,
  true,
]
  ? Tensor<B>
  : Fitting<Where<C, A, B>, B>;
/** What is made of a condition of shape `C` and values of shapes `A` and `B`, of which the second is a `Y`. */
export type Chosen<C extends Shape, A extends Shape, B extends Shape, Y> = unknown extends Y
  ? Tensor
  : [Absorbs<C, A>, Absorbs<C, B>] extends [true, true]
    ? Tensor<C>
    : Of<Where<C, A, B>>;

/** The options of `backward`. */
export interface BackwardOptions {
  /** The cotangent to start from, of the tensor's own shape and dtype; 1 for a scalar. */
  readonly seed?: Tensor;
  /** Records the sweep itself, so that the gradients can be differentiated again. Implies `retainGraph`. */
  readonly createGraph?: boolean;
  /** Keeps the tape, so that it can be swept again. */
  readonly retainGraph?: boolean;
  /** The tensors whose gradients to compute, results on the way included; without it, all parameters and inputs. */
  readonly wanted?: readonly Tensor[];
}

const tensorMark = markOf('a tensor');

/**
 * An immutable array of numbers of one dtype, with a shape that the type system knows as far as it can, and a record of
 * how it was computed.
 *
 * Two operands of one operation have one dtype and broadcast: axes are matched from the last, and an axis of length 1
 * stretches. A mistake throws `ShapeError`, `DTypeError` or `ArgumentError`, and does not compile where types tell.
 *
 * @example
 * const w = tensor([[1, 2], [3, 4]], { requiresGrad: true });
 * const loss = w.mul(w).sum();
 * loss.backward().of(w).toArray(); // [[2, 4], [6, 8]]
 */
export class Tensor<out S extends Shape = Shape> implements Recorded {
  /**
   * The elements as they lie in memory, for what looks at an object's own properties: comparisons of test runners, `structuredClone`,
   * a debugger. Programs read `data`, `array` or `toArray()`.
   */
  readonly storage: NdArray;
  /** By which the elements are on loan, if they are. */
  readonly #scope: MemoryScope | undefined;
  readonly #entry: Entry<Tensor> | undefined;
  readonly #requiresGrad: boolean;

  /** For interpreters; programs make tensors with `tensor`, `zeros` and their like. */
  constructor(array: NdArray, entry?: Entry, requiresGrad = entry !== undefined) {
    this.storage = array;
    this.#scope = scopeOf(array);
    this.#entry = entry as Entry<Tensor> | undefined;
    this.#requiresGrad = requiresGrad;
  }

  /** The operation that computed it, on the tape; `undefined` for an input of the program, and where nothing was recorded. */
  get entry(): Entry<Tensor> | undefined {
    return this.#entry;
  }

  /** Whether gradients flow to it: it is a parameter, was made so, or was computed from such a tensor. */
  get requiresGrad(): boolean {
    return this.#requiresGrad;
  }

  /** The elements, strided; as an `ndarray` by `toNdarray` of `@tapegrad/kernels/ndarray`. */
  get array(): NdArray {
    this.#scope?.check();
    return this.storage;
  }

  /** Gives a variable other memory, whose elements are the same: views keep the memory that it had. */
  protected moveTo(data: Data): void {
    (this as { storage: NdArray }).storage = new NdArray(data, this.dtype, this.shape);
  }

  get shape(): S {
    return this.storage.shape as S;
  }

  get dtype(): DType {
    return this.storage.dtype;
  }

  /** Number of axes. */
  get rank(): number {
    return this.storage.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return this.storage.size;
  }

  /** Keeps a framework such as Vue from putting a proxy around it. */
  get [Symbol.toStringTag](): string {
    return 'Tensor';
  }

  /** What messages call it. */
  get [marked](): object {
    return tensorMark;
  }

  /** A name for messages: `undefined` but for a `Parameter`. */
  get name(): string | undefined {
    return undefined;
  }

  /** The elements in row-major order, not to be written to; a copy where the tensor is a view of another, or on loan. */
  get data(): Data {
    const array = contiguous(this.array);
    const { data, offset, size } = array;
    // A window would keep all of what it shows a piece of.
    if (data.length === size && scopeOf(array) === undefined) return data;
    return data.slice(offset, offset + size);
  }

  /** All elements that the tensor stands for, inside `vmap` those of every example: `data`, but not to be kept. */
  get elements(): Data {
    return flat(contiguous(this.array));
  }

  /** The number that a tensor of one element holds. */
  item(): number {
    if (this.size !== 1) {
      throw new ShapeError(`item: expected a tensor of one element, got shape ${formatShape(this.shape)}`);
    }
    return this.array.data[this.array.offset]!;
  }

  /** The elements as arrays nested once for each axis, or a number for a scalar. */
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
   * Shape, dtype and elements in row-major order, for `JSON.stringify`. JSON has neither NaN nor infinities: they become null.
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

  /** The same elements, held constant: no gradient flows through the result. */
  detach(): Tensor<S> {
    return new Tensor(this.array);
  }

  /**
   * The gradients of this scalar with respect to every parameter and input that it was computed from. With a `seed` v for
   * a tensor y of any shape, the gradients of the sum of v y: a vector-Jacobian product.
   *
   * One sweep uses the tape up, unless `retainGraph` or `createGraph` is set.
   *
   * @throws TapeError where nothing that requires a gradient was involved, the tape was used up, or a parameter changed
   * whose old value a rule needs.
   * @example
   * const x = tensor(3, { requiresGrad: true });
   * const dx = x.mul(x).mul(x).backward({ createGraph: true }).of(x); // 3 x^2 = 27
   * dx.backward().of(x).item(); // 6 x = 18
   */
  backward(options?: BackwardOptions): Gradients {
    return backwardAlong(this, options);
  }

  // Arithmetic.

  /** x + y */
  add<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'add', S, B>)): Combined<'add', S, B, Y> {
    return k.add(this, operand('add', this, y)) as never;
  }

  /** x - y */
  sub<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'sub', S, B>)): Combined<'sub', S, B, Y> {
    return k.sub(this, operand('sub', this, y)) as never;
  }

  /** x y, element by element. */
  mul<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'mul', S, B>)): Combined<'mul', S, B, Y> {
    return k.mul(this, operand('mul', this, y)) as never;
  }

  /** x / y, element by element; floats only. */
  div<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'div', S, B>)): Combined<'div', S, B, Y> {
    return k.div(this, operand('div', this, y)) as never;
  }

  /** x^y. The derivative of x^0 is 0 everywhere. */
  pow<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'pow', S, B>)): Combined<'pow', S, B, Y> {
    return k.pow(this, operand('pow', this, y)) as never;
  }

  /** The larger of two; in a tie, each gets half of the gradient. On bool: or. */
  maximum<B extends Shape = Scalar, Y = unknown>(
    y: number | (Y & Operand<'maximum', S, B>),
  ): Combined<'maximum', S, B, Y> {
    return k.maximum(this, operand('maximum', this, y)) as never;
  }

  /** The smaller of two; in a tie, each gets half of the gradient. On bool: and. */
  minimum<B extends Shape = Scalar, Y = unknown>(
    y: number | (Y & Operand<'minimum', S, B>),
  ): Combined<'minimum', S, B, Y> {
    return k.minimum(this, operand('minimum', this, y)) as never;
  }

  /** -x */
  neg(): Tensor<S> {
    return k.neg(this) as Tensor<S>;
  }

  /** |x|, with derivative 0 at 0. */
  abs(): Tensor<S> {
    return k.abs(this) as Tensor<S>;
  }

  /** -1, 0 or 1; no gradient flows. */
  sign(): Tensor<S> {
    return k.sign(this) as Tensor<S>;
  }

  /** e^x */
  exp(): Tensor<S> {
    return k.exp(this) as Tensor<S>;
  }

  /** e^x - 1, exact near 0. */
  expm1(): Tensor<S> {
    return k.expm1(this) as Tensor<S>;
  }

  /** The natural logarithm. */
  log(): Tensor<S> {
    return k.log(this) as Tensor<S>;
  }

  /** log(1 + x), exact near 0. */
  log1p(): Tensor<S> {
    return k.log1p(this) as Tensor<S>;
  }

  /** The square root, with derivative infinity at 0. */
  sqrt(): Tensor<S> {
    return k.sqrt(this) as Tensor<S>;
  }

  /** Of an angle in radians. */
  sin(): Tensor<S> {
    return k.sin(this) as Tensor<S>;
  }

  /** Of an angle in radians. */
  cos(): Tensor<S> {
    return k.cos(this) as Tensor<S>;
  }

  /** The hyperbolic tangent; y' = 1 - y^2. */
  tanh(): Tensor<S> {
    return k.tanh(this) as Tensor<S>;
  }

  /** 1 / (1 + e^-x); y' = y (1 - y). */
  sigmoid(): Tensor<S> {
    return k.sigmoid(this) as Tensor<S>;
  }

  /** max(x, 0), with derivative 0 at 0. */
  relu(): Tensor<S> {
    return k.relu(this) as Tensor<S>;
  }

  /** log(1 + e^x) */
  softplus(): Tensor<S> {
    return k.softplus(this) as Tensor<S>;
  }

  /** The error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x. */
  erf(): Tensor<S> {
    return k.erf(this) as Tensor<S>;
  }

  // Comparisons: bool results, through which no gradient flows.

  /** x = y */
  equal<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'equal', S, B>)): Combined<'equal', S, B, Y> {
    return k.equal(this, operand('equal', this, y)) as never;
  }

  /** Not x = y; so true where either is NaN. */
  notEqual<B extends Shape = Scalar, Y = unknown>(
    y: number | (Y & Operand<'notEqual', S, B>),
  ): Combined<'notEqual', S, B, Y> {
    const same = k.equal(this, operand('notEqual', this, y));
    return k.equal(same, scalar('notEqual', 0, 'bool')) as never;
  }

  /** x < y */
  less<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'less', S, B>)): Combined<'less', S, B, Y> {
    return k.less(this, operand('less', this, y)) as never;
  }

  /** x <= y */
  lessEqual<B extends Shape = Scalar, Y = unknown>(
    y: number | (Y & Operand<'lessEqual', S, B>),
  ): Combined<'lessEqual', S, B, Y> {
    return k.lessEqual(this, operand('lessEqual', this, y)) as never;
  }

  /** x > y */
  greater<B extends Shape = Scalar, Y = unknown>(
    y: number | (Y & Operand<'greater', S, B>),
  ): Combined<'greater', S, B, Y> {
    return k.less(operand('greater', this, y), this) as never;
  }

  /** x >= y */
  greaterEqual<B extends Shape = Scalar, Y = unknown>(
    y: number | (Y & Operand<'greaterEqual', S, B>),
  ): Combined<'greaterEqual', S, B, Y> {
    return k.lessEqual(operand('greaterEqual', this, y), this) as never;
  }

  /** On a bool condition: x where it holds, y elsewhere. A number has the dtype of the other value; of two, float32. */
  where<A extends Shape = Scalar, B extends Shape = Scalar, Y = unknown>(
    x: number | Operand<'where', S, A>,
    y: number | (Y & Alternative<S, A, B>),
  ): Chosen<S, A, B, Y> {
    const like = x instanceof Tensor ? x : y instanceof Tensor ? y : byDefault;
    return k.where(this, operand('where', like, x), operand('where', like, y)) as never;
  }

  /**
   * The same numbers in another dtype; the one way to change it. To int32 by truncation, to bool by `x != 0`.
   *
   * @throws DTypeError where int32 lacks an entry: NaN, an infinity, or one beyond 2^31. Wrapped, it would pass for a label.
   */
  cast(dtype: DType): Tensor<S> {
    return (dtype === this.dtype ? this : k.cast(this, dtype)) as Tensor<S>;
  }

  // Reductions, over one axis, several, or all.

  /** The sum of the elements; float32 is summed to better than pairwise accuracy. */
  sum<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    return reduce<Tensor>(k, 'sum', this, axis, options, (axes) => k.sum(this, axes)) as never;
  }

  /** The arithmetic mean. */
  mean<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    checkFloat('mean', this);
    return reduce<Tensor>(k, 'mean', this, axis, options, (axes) => k.mean(this, axes)) as never;
  }

  /** sum (x - mean)^2 / (n - correction), to the last digits whatever the mean; the correction is 1 (Bessel's) unless given. */
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
   * The product, multiplied in float64, which overflows only where it is too large itself. Derivatives are exact where elements
   * are zero; the first neither overflow nor vanish on the way.
   */
  prod<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    if (this.dtype === 'bool') throw new DTypeError('prod: expected numbers, got bool; cast it first');
    return reduce<Tensor>(k, 'prod', this, axis, options, (axes) => k.prod(this, axes)) as never;
  }

  /** The largest element. Along one axis the gradient goes to the first such element, otherwise evenly to all of them. */
  max<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    return extremum<Tensor>(k, 'max', this, axis, options) as never;
  }

  /** The smallest element. Along one axis the gradient goes to the first such element, otherwise evenly to all of them. */
  min<const A extends Axes = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    return extremum<Tensor>(k, 'min', this, axis, options) as never;
  }

  /** The position of the first largest element along an axis, or in row-major order of all, int32. */
  argmax<const A extends number | undefined = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    return position<Tensor>(k, 'argmax', this, axis, options) as never;
  }

  /** The position of the first smallest element along an axis, or in row-major order of all, int32. */
  argmin<const A extends number | undefined = undefined, const Keep extends boolean = false>(
    axis?: A,
    options?: ReduceOptions<Keep>,
  ): Of<Reduce<S, A, Keep>> {
    return position<Tensor>(k, 'argmin', this, axis, options) as never;
  }

  /** log sum e^x, without overflow. At infinities its gradient is the limit: 0 for -Infinity, all for Infinity. */
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
   * (sum |x|^p)^(1/p), p = 2 unless given, p = Infinity for the largest |x|; its derivative at 0 is 0. No power overflows
   * or vanishes on the way.
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

  /** The running sum along an axis. */
  cumsum(axis: number): Tensor<S> {
    return k.cumsum(this, normalizeAxis('cumsum', axis, this.rank)) as Tensor<S>;
  }

  /** e^x / sum e^x along an axis, or several; NaN throughout where the largest x is infinite. */
  softmax(axis: number | readonly number[]): Tensor<S> {
    checkFloat('softmax', this);
    return compositions.softmax(k, this, someAxes('softmax', axis, this.rank)) as Tensor<S>;
  }

  /** x - log sum e^x along an axis, or several; NaN throughout where the largest x is infinite. */
  logSoftmax(axis: number | readonly number[]): Tensor<S> {
    checkFloat('logSoftmax', this);
    return compositions.logSoftmax(k, this, someAxes('logSoftmax', axis, this.rank)) as Tensor<S>;
  }

  // Movement: views where memory allows.

  /** The same elements, in row-major order, in another shape; one length may be -1, to be worked out. */
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

  /** A view in which axes of length 1, and axes put before the first, are stretched. */
  broadcastTo<const T extends Shape>(shape: T): Tensor<T> {
    return k.broadcastTo(this, ownShape('broadcastTo', shape)) as unknown as Tensor<T>;
  }

  /** Reverses an axis, or several. */
  flip(axis: number | readonly number[]): Tensor<S> {
    const axes = someAxes('flip', axis, this.rank);
    const ranges = this.shape.map((_, i) => (axes.includes(i) ? slice(undefined, undefined, -1) : slice()));
    return index<Tensor>(k, this, ranges) as Tensor<S>;
  }

  /** Entries `start` up to, not including, `stop` of an axis, every `step`-th; negative bounds count from the end. */
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
   * Entries by position for each axis in turn: a number drops the axis, `slice(start, stop, step)` takes a range, `null`
   * adds an axis of length 1, and an int32 tensor takes entries in its order, its axes in place of the one. Negative positions
   * count from the end. Several such tensors belong together, as in NumPy: they broadcast, and pick the entries at [i, j],
   * [i', j'], …; their axes take the place of those axes, or come first where other axes lie between. A bool mask of one or
   * more axes stands for the positions at which it holds.
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

  /** Puts a value before and after each axis: `[[before, after], …]`. The value defaults to 0. */
  pad<const W extends PadWidths>(widths: W, value?: number): Of<Pad<S, W>> {
    const filler = Object.is(value ?? 0, 0) ? undefined : scalar('pad', value!, this.dtype);
    return pad<Tensor>(k, this, widths, filler) as never;
  }

  // Indexing.

  /** Entries of an axis in the order of int32 indices, whose axes take the axis' place. */
  take<I extends Shape = readonly [number], const A extends number = 0>(
    indices: Tensor<I> | readonly number[],
    axis?: A,
  ): Of<ReplaceAxis<S, A, I>> {
    return k.take(this, indexTensor('take', indices), normalizeAxis('take', axis ?? 0, this.rank)) as never;
  }

  /** The adjoint of `take`: zeros with `size` entries along an axis, to which this tensor's are added at their indices. */
  scatterAdd(indices: Tensor | readonly number[], size: number, axis?: number): Tensor {
    const places = indexTensor('scatterAdd', indices);
    const into = { axis: normalizeAxis('scatterAdd', axis ?? 0, this.rank - places.rank + 1), size };
    return k.scatterAdd(this, places, into);
  }

  /**
   * An entry picked along an axis for each place: y[i, j] = x[i, indices[i, j]] for axis 1. The int32 indices have this
   * tensor's shape except along the axis.
   */
  gather<I extends Shape>(indices: Tensor<I>, axis: number): Tensor<I> {
    const i = normalizeAxis('gather', axis, this.rank);
    checkIndicesAlong('gather', this, checkTensor('gather', indices), i);
    return compositions.gather<Tensor>(k, this, indices, i) as Tensor<I>;
  }

  // Products.

  /**
   * The matrix product of the last two axes; the axes before them broadcast. A vector is taken as a row on the left, as a
   * column on the right, and its axis is dropped from the result.
   */
  matmul<B extends Shape>(y: Fitting<MatMul<S, B>, B>): Of<MatMul<S, B>> {
    return matmul<Tensor>(k, this, checkTensor('matmul', y)) as never;
  }
}

/** The elements of a contiguous array. */
const flat = ({ data, offset, size }: NdArray): Data =>
  data.length === size ? data : data.subarray(offset, offset + size);

/** Makes a tensor of an operation's result. */
export const wrap = (array: NdArray, entry: Entry | undefined): Tensor => new Tensor(array, entry);

/** The primitives on tensors: what is run is recorded where a gradient can flow. */
const k: Kernels<Tensor> = recorded<Tensor>(wrap);

export { k as kernels };

/** How a sweep computes gradients that are not to be differentiated again. */
export const onArrays = (): ValueDomain<Tensor, NdArray> => ({
  kernels: interpreter(),
  value: (x) => x.array,
  tensor: (array) => new Tensor(array),
});

/** How a sweep computes gradients of which it keeps a tape. */
export const onTensors: ValueDomain<Tensor, Tensor> = { kernels: k, value: (x) => x, tensor: (x) => x };

const gradientsMark = markOf('gradients');

/**
 * The gradients that a sweep found: a value of its own, so there is nothing to reset before the next sweep.
 */
export class Gradients {
  readonly #gradients: ReadonlyMap<Tensor, Tensor>;

  constructor(gradients: ReadonlyMap<Tensor, Tensor>) {
    this.#gradients = gradients;
  }

  /** What messages call them. */
  get [marked](): object {
    return gradientsMark;
  }

  /** The gradient with respect to a tensor, of its shape and dtype. Throws `TapeError` where the loss does not reach it. */
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

  /** How many tensors have a gradient. */
  get size(): number {
    return this.#gradients.size;
  }

  /** Each tensor with its gradient. */
  [Symbol.iterator](): Iterator<readonly [Tensor, Tensor]> {
    return this.#gradients[Symbol.iterator]();
  }

  /** New gradients, each made from an old one. */
  map(change: (gradient: Tensor, x: Tensor) => Tensor): Gradients {
    const made = (x: Tensor, gradient: Tensor) => checkSynchronous('gradients.map', change(gradient, x));
    return new Gradients(new Map([...this].map(([x, gradient]) => [x, made(x, gradient)])));
  }

  /** The sum with the gradients of another sweep, as over micro-batches; a tensor that only one has keeps its own. */
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

  /** Every gradient times a number. */
  scale(factor: number): Gradients {
    return this.map((gradient) => gradient.mul(factor));
  }
}

countArguments(Tensor.prototype, ['index', 'toString'], {
  transpose: '; it swaps the last two axes, and swapaxes(x, i, j) any two',
});
countArguments(Gradients.prototype);

/** A number as a scalar tensor. */
function scalar(call: string, value: number, dtype: DType): Tensor {
  if (!hasNumber(dtype, value)) {
    throw new DTypeError(`${call}: ${value} is no ${dtype} number; cast the tensor first`);
  }
  return new Tensor(filled([], value, dtype));
}

/** What numbers are where nothing says otherwise. */
const byDefault = { dtype: 'float32' } as const;

/** The second operand: a tensor as it is, a number in the dtype of the first. */
export function operand(call: string, like: Pick<Tensor, 'dtype'>, y: unknown): Tensor {
  if (y instanceof Tensor) return y;
  if (typeof y === 'number') return scalar(call, y, like.dtype);
  throw new ArgumentError(`${call}: expected a tensor or a number as operand, got ${describeValue(y)}`);
}

const nothing: readonly unknown[] = [];

/** A tensor as it is; for callers without types, who may also hand over `more` than a function takes. */
export function checkTensor(call: string, x: unknown, more = nothing): Tensor {
  checkNoMore(call, more);
  if (x instanceof Tensor) return x;
  throw new ArgumentError(`${call}: expected a tensor, got ${describeValue(x)}`);
}

/** A tensor of floats as it is. */
export function checkFloat(call: string, x: unknown, more = nothing): Tensor {
  const { dtype } = checkTensor(call, x, more);
  if (!isFloat(dtype)) throw new DTypeError(`${call}: expected float32 or float64, got ${dtype}; cast it first`);
  return x as Tensor;
}

const indexTensor = (call: string, indices: Tensor | readonly number[]): Tensor =>
  indices instanceof Tensor ? indices : new Tensor(indexList(call, indices));

/** `backward`, along other entries than those that the tensor was computed by, or in memory of someone else's. */
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
