/**
 * The class of tensors: an array, its dtype and shape, and how it was computed. The other files of this folder add
 * methods to the class.
 */

import { contiguous, type Data, type DType, formatShape, NdArray, type Shape, ShapeError } from '@tapegrad/kernels';
import { marked, markOf } from '../checks/describe-value.ts';
import type { Entry, Recorded } from '../tape/entry.ts';
import type { Absorbs, Broadcast, Nested, NestedAs, Where } from '../types/static-shapes.ts';
import { formatArray } from './format.ts';
import { type MemoryScope, scopeOf } from './memory-scope.ts';

/** The shape of a scalar. */
export type Scalar = readonly [];

/** The tensor type for a shape; `never` if the shape is an error message. */
export type Of<S> = S extends infer T extends Shape ? Tensor<T> : never;
/** The type of an operand: `Tensor<B>`, or an error message if the operand does not fit. */
export type Fitting<Result, B extends Shape> =
  Result extends ShapeError<infer Message> ? ShapeError<Message> : Tensor<B>;
/** The type of a second operand: any tensor that broadcasts with shape `A`, or an error message if it does not. */
export type Operand<Call extends string, A extends Shape, B extends Shape> =
  Absorbs<A, B> extends true ? Tensor<B> : Fitting<Broadcast<Call, A, B>, B>;
/**
 * The result of an elementwise operation on a tensor of shape `A` and an operand `Y` of shape `B`.
 *
 * If `Y` is unknown, there is no call: the compiler is comparing methods to infer the shape of a `Parameter`. It must
 * not infer that shape from a method's result.
 */
export type Combined<Call extends string, A extends Shape, B extends Shape, Y> = unknown extends Y
  ? Tensor
  : Absorbs<A, B> extends true
    ? Tensor<A>
    : Of<Broadcast<Call, A, B>>;

/** The type of the second value of `where`, which must broadcast with the condition and the first value. */
export type Alternative<C extends Shape, A extends Shape, B extends Shape> = [Absorbs<C, A>, Absorbs<C, B>] extends [
  true,
  true,
]
  ? Tensor<B>
  : Fitting<Where<C, A, B>, B>;
/**
 * The result of `where` for a condition of shape `C`, a value of shape `A`, and a second value of type `Y` and shape
 * `B`.
 */
export type Chosen<C extends Shape, A extends Shape, B extends Shape, Y> = unknown extends Y
  ? Tensor
  : [Absorbs<C, A>, Absorbs<C, B>] extends [true, true]
    ? Tensor<C>
    : Of<Where<C, A, B>>;

const tensorMark = markOf('a tensor');

/**
 * An immutable array of numbers of one dtype. Its type contains as much of its shape as is known at compile time, and
 * its tape entry records how it was computed.
 *
 * The operands of an operation must have the same dtype, and they broadcast: axes are matched from the last, and an
 * axis of length 1 is stretched. Invalid operands throw `ShapeError`, `DTypeError` or `ArgumentError`. Errors that the
 * types can detect do not compile.
 *
 * @example
 * const w = tensor([[1, 2], [3, 4]], { requiresGrad: true });
 * const loss = w.mul(w).sum();
 * loss.backward().of(w).toArray(); // [[2, 4], [6, 8]]
 */
export class Tensor<out S extends Shape = Shape> implements Recorded {
  /**
   * The elements as stored in memory. It is an own property, so that code that inspects objects sees the elements: test
   * runners' comparisons, `structuredClone`, debuggers. Programs should use `data`, `array` or `toArray()`.
   */
  readonly storage: NdArray;
  /** The memory scope that the elements belong to, if any. */
  readonly #scope: MemoryScope | undefined;
  readonly #entry: Entry<Tensor> | undefined;
  readonly #requiresGrad: boolean;

  /** Used by interpreters only. Programs make tensors with `tensor`, `zeros` and similar functions. */
  constructor(array: NdArray, entry?: Entry, requiresGrad = entry !== undefined) {
    this.storage = array;
    this.#scope = scopeOf(array);
    this.#entry = entry as Entry<Tensor> | undefined;
    this.#requiresGrad = requiresGrad;
  }

  /**
   * The tape entry of the operation that computed this tensor. `undefined` if the tensor is an input of the program, or
   * if the operation was not recorded.
   */
  get entry(): Entry<Tensor> | undefined {
    return this.#entry;
  }

  /**
   * Whether gradients flow to this tensor: it is a parameter, was created with `requiresGrad`, or was computed from
   * such a tensor.
   */
  get requiresGrad(): boolean {
    return this.#requiresGrad;
  }

  /** The elements as a strided array. To get an `ndarray`, use `toNdarray` of `@tapegrad/kernels/ndarray`. */
  get array(): NdArray {
    this.#scope?.check();
    return this.storage;
  }

  /** Makes a variable use other memory that holds the same elements. Views of the variable keep the old memory. */
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

  /** The class name as a tag, which prevents frameworks such as Vue from wrapping the tensor in a proxy. */
  get [Symbol.toStringTag](): string {
    return 'Tensor';
  }

  /** The description of the tensor in messages. */
  get [marked](): object {
    return tensorMark;
  }

  /** A name for messages: `undefined` except for variables. */
  get name(): string | undefined {
    return undefined;
  }

  /**
   * The elements in row-major order. They must not be written to. If the tensor is a view of another or is scoped, this
   * is a copy.
   */
  get data(): Data {
    const array = contiguous(this.array);
    const { data, offset, size } = array;
    // A subarray would keep the whole underlying memory alive.
    if (data.length === size && scopeOf(array) === undefined) return data;
    return data.slice(offset, offset + size);
  }

  /**
   * All elements that the tensor represents; inside `vmap`, the elements of all examples. Like `data`, but the result
   * must not be kept.
   */
  get elements(): Data {
    return flat(contiguous(this.array));
  }

  /** Returns the number in a tensor that has a single element. */
  item(): number {
    if (this.size !== 1) {
      throw new ShapeError(`item: expected a tensor of one element, got shape ${formatShape(this.shape)}`);
    }
    return this.array.data[this.array.offset]!;
  }

  /** Returns the elements as nested arrays, one level for each axis, or as a number for a scalar. */
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
   * Returns shape, dtype and elements in row-major order, for `JSON.stringify`. NaN and infinities become null, since
   * JSON has neither.
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

  /** Returns the same elements as a constant: no gradient flows through the result. */
  detach(): Tensor<S> {
    return new Tensor(this.array);
  }
}

/** Returns the elements of a contiguous array, without the rest of its underlying memory. */
const flat = ({ data, offset, size }: NdArray): Data =>
  data.length === size ? data : data.subarray(offset, offset + size);
