/** Scoped tensors, whose memory is reclaimed when a function returns. */

import { type Data, DynamicScope, NdArray } from '@tapegrad/kernels';
import { TapeError } from '../checks/errors.ts';
import { isTracing } from '../tracing.ts';

/** The owner of the memory of scoped elements. */
interface Owner {
  owns(data: Data): boolean;
}

/** The innermost scope in which tensors are being created, if any. */
const innermost = new DynamicScope<MemoryScope | undefined>(undefined);

/** Returns whether the tensors that are being created now are scoped. */
export const isScoped = (): boolean => innermost.current !== undefined;

/** A scope of elements whose memory an owner will reclaim. After `end`, tensors with these elements can't be read. */
export class MemoryScope {
  readonly #owner: Owner;
  #outer: MemoryScope | undefined;
  #hasEnded = false;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Runs `use`. Tensors created in it that have elements of the owner, including views, belong to this scope. */
  watch<R>(use: () => R): R {
    this.#outer = innermost.current;
    return innermost.run(this, use);
  }

  end(): void {
    this.#hasEnded = true;
  }

  /** Throws if the memory of this scope has been reclaimed. */
  check(): void {
    if (!this.#hasEnded) return;
    throw new TapeError(
      'the tensor was computed inside withGradients or minimize, and its memory was reclaimed when that returned; ' +
        'read it before, keep a copy of its data, or use backward, whose gradients stay valid',
    );
  }

  /** Returns the scope that elements belong to: this one or an outer one, if any. */
  of(data: Data): MemoryScope | undefined {
    return this.#owner.owns(data) ? this : this.#outer?.of(data);
  }
}

/**
 * Returns the scope that the elements of an array belong to, if any. Placeholder (traced) arrays, such as those inside
 * `vmap`, belong to none.
 */
export const scopeOf = (array: NdArray): MemoryScope | undefined =>
  innermost.current !== undefined && array instanceof NdArray && !isTracing()
    ? innermost.current.of(array.data)
    : undefined;
