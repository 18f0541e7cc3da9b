/** Tensors that are lent: whose memory is taken back when a function returns. */

import { type Data, NdArray } from '@tapegrad/kernels';
import { TapeError } from './errors.ts';

/** Whose the elements on loan are. */
interface Owner {
  owns(data: Data): boolean;
}

/** The lease under which tensors are made, if any. */
let current: Lease | undefined;

/** Elements on loan from an owner, who is about to take them back: after `end` no tensor of them can be read. */
export class Lease {
  readonly #owner: Owner;
  #outer: Lease | undefined;
  #hasEnded = false;

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
    this.#hasEnded = true;
  }

  /** Throws once the elements are taken back. */
  check(): void {
    if (!this.#hasEnded) return;
    throw new TapeError(
      'the tensor was on loan from withGradients or minimize, and its memory was taken back when that returned; ' +
        'read it before, keep a copy of its data, or use backward, which lends nothing',
    );
  }

  /** The lease that elements are on loan by: this one, or one about it. */
  of(data: Data): Lease | undefined {
    return this.#owner.owns(data) ? this : this.#outer?.of(data);
  }
}

/** The lease that an array's elements are on loan by, if they are. What stands for an array, as in `vmap`, has none. */
export const leaseOf = (array: NdArray): Lease | undefined =>
  current !== undefined && array instanceof NdArray ? current.of(array.data) : undefined;
