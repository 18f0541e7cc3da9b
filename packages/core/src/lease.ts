/** Tensors that are lent: whose memory is taken back when a function returns. */

import { Arena, type Data, type DType, NdArray, type Shape } from '@tapegrad/kernels';
import { TapeError } from './errors.ts';

/** What is left of an array whose memory was taken back. */
class TakenBack {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly stride: readonly number[];
  readonly offset: number;
  readonly size: number;

  constructor({ dtype, shape, stride, offset, size }: NdArray) {
    this.dtype = dtype;
    this.shape = shape;
    this.stride = stride;
    this.offset = offset;
    this.size = size;
  }

  get data(): never {
    throw new TapeError(
      'the tensor was made in a function given to withGradients or minimize, and its memory was taken back when that ' +
        'returned; read it before that, or pass the loss itself in place of a function',
    );
  }
}

interface Holder {
  array: NdArray;
}

/** Arrays of so many elements may be an arena's; smaller ones never are. */
const LEAST = 1024;

/** The lease under which tensors are made, if any. */
let current: Lease | undefined;

/** Large arrays on loan: `end` takes their memory back, after which to read them is an error. */
export class Lease {
  readonly #arena = new Arena();
  readonly #holders: Holder[] = [];
  #outer: Lease | undefined;

  /** Lends all that `compute` allocates. */
  run<R>(compute: () => R): R {
    return this.watch(() => this.#arena.run(compute));
  }

  /** Sees to it that no tensor that `use` makes, such as a view, is read after the end with memory that was lent. */
  watch<R>(use: () => R): R {
    this.#outer = current;
    current = this;
    try {
      return use();
    } finally {
      current = this.#outer;
    }
  }

  end(): void {
    for (const holder of this.#holders) {
      const { array } = holder;
      if (array instanceof NdArray && this.#arena.owns(array.data)) holder.array = new TakenBack(array);
    }
    this.#holders.length = 0;
    this.#arena.end();
  }

  note(tensor: { readonly array: NdArray }): void {
    if (tensor.array.size > LEAST) this.#holders.push(tensor);
  }

  lent(data: Data): boolean {
    return this.#arena.owns(data) || (this.#outer?.lent(data) ?? false);
  }
}

/** For each new tensor. */
export function noteTensor(tensor: { readonly array: NdArray }): void {
  current?.note(tensor);
}

/** Whether elements are those of an array on loan. */
export const isLent = (data: Data): boolean => current?.lent(data) ?? false;
