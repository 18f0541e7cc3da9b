/** Tensors that are lent: whose memory is taken back when a function returns. */

import { type Data, type DType, NdArray, type Shape } from '@tapegrad/kernels';
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
      'the tensor was on loan from withGradients or minimize, and its memory was taken back when that returned; ' +
        'read it before, or use backward, which lends nothing',
    );
  }
}

interface Holder {
  array: NdArray;
}

/** Arrays of so many elements may be on loan; smaller ones never are. */
const LEAST = 1024;

/** The lease under which tensors are made, if any. */
let current: Lease | undefined;

/** Whose the elements on loan are. */
interface Owner {
  owns(data: Data): boolean;
}

/** Arrays on loan from an owner, who is about to take them back: `end` sees to it that no tensor is read after that. */
export class Lease {
  readonly #owner: Owner;
  readonly #holders: Holder[] = [];
  #outer: Lease | undefined;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Keeps an eye on the tensors that `use` makes, views of others among them. */
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
      if (array instanceof NdArray && this.#owner.owns(array.data)) holder.array = new TakenBack(array);
    }
  }

  note(tensor: { readonly array: NdArray }): void {
    if (tensor.array.size > LEAST) this.#holders.push(tensor);
  }

  lent(data: Data): boolean {
    return this.#owner.owns(data) || (this.#outer?.lent(data) ?? false);
  }
}

/** For each new tensor. */
export function noteTensor(tensor: { readonly array: NdArray }): void {
  current?.note(tensor);
}

/** Whether elements are those of an array on loan. */
export const isLent = (data: Data): boolean => current?.lent(data) ?? false;
