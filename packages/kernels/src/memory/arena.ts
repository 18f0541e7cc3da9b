/** The arrays of one computation, which are taken back together. */

import { type Data, type DType, viewData } from '../arrays/dtype.ts';
import { FreeList, freeBuffers, takeBuffer } from './free-list.ts';
import { sharedAllocator } from './shared-allocator.ts';
import { MAX_SLAB_ARRAY_BYTES, zeroed } from './slab.ts';
import { type PooledArray, SmallArrayPool } from './small-array-pool.ts';

const smallArrays = new SmallArrayPool();

/** The arena that gets the allocations, if any. */
let current: Arena | undefined;

export const currentArena = (): Arena | undefined => current;

/**
 * Allocates all arrays of a computation but single numbers, and takes them back together: for a computation whose results are
 * known to be used up with it, such as a step of a training.
 *
 * Where there are worker threads, large arrays lie in the memory that they share, so that nothing has to be copied to them.
 */
export class Arena {
  readonly #pooled: PooledArray[] = [];
  /** Made when there is something large: most steps of a small network are over without. */
  #large: { readonly arrays: Set<Data>; readonly buffers: ArrayBufferLike[]; readonly free: FreeList } | undefined;
  readonly #shared = sharedAllocator();
  readonly #mark = this.#shared?.mark();
  /** Bytes of the largest array that counts as small. */
  readonly #maxSmallBytes: number;
  #outer: Arena | undefined;

  constructor(maxSmallBytes = MAX_SLAB_ARRAY_BYTES) {
    this.#maxSmallBytes = maxSmallBytes;
  }

  /** What `compute` allocates is the arena's. */
  run<R>(compute: () => R): R {
    this.#outer = current;
    current = this;
    try {
      return compute();
    } finally {
      current = this.#outer;
    }
  }

  /** Whether an array's elements lie in it. */
  owns(data: Data): boolean {
    return smallArrays.userOf(data) === this || (this.#large?.arrays.has(data) ?? false);
  }

  /** For `allocate`, of more than one element. */
  allocate(dtype: DType, length: number, bytes: number): Data {
    return bytes <= this.#maxSmallBytes
      ? this.#allocateSmall(dtype, length, bytes)
      : this.#allocateLarge(dtype, length, bytes);
  }

  #allocateSmall(dtype: DType, length: number, bytes: number): Data {
    const pooled = smallArrays.take(dtype, length, bytes, this);
    if (pooled === undefined) return zeroed(dtype, length);
    this.#pooled.push(pooled);
    return pooled.data;
  }

  #allocateLarge(dtype: DType, length: number, bytes: number): Data {
    this.#large ??= { arrays: new Set(), buffers: [], free: new FreeList(Number.POSITIVE_INFINITY) };
    const { arrays, buffers, free } = this.#large;
    const block = free.take(bytes) ?? this.#shared?.take(bytes);
    const data =
      block === undefined ? takeBuffer(dtype, length, bytes) : viewData(dtype, block.buffer, block.byteOffset, length);
    if (block === undefined) buffers.push(data.buffer);
    arrays.add(data);
    return data;
  }

  /** Takes an array back, whose memory may be given out again; `false` where it is not the arena's. */
  take(data: Data): boolean {
    if (!this.#large?.arrays.delete(data)) return this.#outer?.take(data) ?? false;
    this.#large.free.give(data.byteLength, data);
    return true;
  }

  /** Takes all arrays back: from now on their elements become others. */
  end(): void {
    for (const pooled of this.#pooled) smallArrays.giveBack(pooled);
    this.#pooled.length = 0;
    if (this.#large === undefined) return;
    for (const buffer of this.#large.buffers) freeBuffers.give(buffer.byteLength, { buffer, byteOffset: 0 });
    this.#large = undefined;
    if (this.#mark !== undefined) this.#shared!.release(this.#mark);
  }
}
