/** Tensors that are lent: whose memory is taken back when a function returns. */

import { type Data, DynamicScope, NdArray } from '@tapegrad/kernels';
import { TapeError } from './checks/errors.ts';

/** Whose the elements on loan are. */
interface Owner {
  owns(data: Data): boolean;
}

/** The scope in which tensors are made, if any. */
const innermost = new DynamicScope<MemoryScope | undefined>(undefined);

/** Elements on loan from an owner, which is about to take them back: after `end` no tensor of them can be read. */
export class MemoryScope {
  readonly #owner: Owner;
  #outer: MemoryScope | undefined;
  #hasEnded = false;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Keeps an eye on the tensors that `use` makes, views of others among them. */
  watch<R>(use: () => R): R {
    this.#outer = innermost.current;
    return innermost.run(this, use);
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

  /** The scope that elements belong to: this one, or one around it. */
  of(data: Data): MemoryScope | undefined {
    return this.#owner.owns(data) ? this : this.#outer?.of(data);
  }
}

/** The scope that owns the elements of an array, if one does. What stands for an array, as in `vmap`, has none. */
export const scopeOf = (array: NdArray): MemoryScope | undefined =>
  innermost.current !== undefined && array instanceof NdArray ? innermost.current.of(array.data) : undefined;
