/**
 * The class of tensors: an array, its dtype and shape, and how it was computed. The other files of this folder add its
 * methods.
 */

import { contiguous, type Data, type DType, formatShape, NdArray, type Shape, ShapeError } from '@tapegrad/kernels';
import { marked, markOf } from '../checks/describe-value.ts';
import { type MemoryScope, scopeOf } from '../memory-scope.ts';
import type { Entry, Recorded } from '../tape/entry.ts';
import type { Absorbs, Broadcast, Nested, NestedAs, Where } from '../types/static-shapes.ts';
import { formatArray } from './format.ts';

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
/** The result of `where` for a condition of shape `C` and values of shapes `A` and `B`, the second of type `Y`. */
export type Chosen<C extends Shape, A extends Shape, B extends Shape, Y> = unknown extends Y
  ? Tensor
  : [Absorbs<C, A>, Absorbs<C, B>] extends [true, true]
    ? Tensor<C>
    : Of<Where<C, A, B>>;

const tensorMark = markOf('a tensor');

/**
 * An immutable array of numbers of one dtype. Its type contains as much of its shape as is known, and its tape entry
 * tells how it was computed.
 *
 * The operands of an operation must have the same dtype, and they broadcast: axes are matched from the last, and an
 * axis of length 1 is stretched. Errors throw `ShapeError`, `DTypeError` or `ArgumentError`; those visible in the types
 * do not compile.
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
  /** The scope of the elements, if any. */
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
   * The elements in row-major order, which must not be written to. A copy if the tensor is a view of another, or is scoped.
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

  /** Returns the same elements as a constant: no gradient flows through the result. */
  detach(): Tensor<S> {
    return new Tensor(this.array);
  }
}

/** Returns the elements of a contiguous array. */
const flat = ({ data, offset, size }: NdArray): Data =>
  data.length === size ? data : data.subarray(offset, offset + size);
