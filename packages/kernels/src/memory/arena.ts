/** Manages the arrays of one computation, which are all freed together. */

import { type Data, type DType, viewData } from '../arrays/dtype.ts';
import { FreeList, freeBuffers, type MemoryBlock, takeBuffer } from './free-list.ts';
import { type SharedAllocator, type StackMark, sharedAllocator } from './shared-allocator.ts';
import { MAX_SLAB_ARRAY_BYTES, zeroed } from './slab.ts';
import { type PooledArray, SmallArrayPool } from './small-array-pool.ts';

const smallArrays = new SmallArrayPool();

/** The active arena, if any, which serves allocations. */
let current: Arena | undefined;

export const currentArena = (): Arena | undefined => current;

/**
 * The arenas that have blocks on the shared stack and have not ended, in the order of their first blocks. Only the last
 * of these arenas may take more blocks: when it ends, the stack is restored to its top before the arena's first block.
 */
const stacked: Arena[] = [];

/**
 * Allocates all arrays of a computation except single numbers, and frees them together. Use it for a computation whose
 * results aren't needed afterwards, such as a training step.
 *
 * If there are worker threads, large arrays are placed in shared memory, so they needn't be copied to the workers.
 */
export class Arena {
  readonly #pooled: PooledArray[] = [];
  /** Created with the first large array; most steps of a small network don't have any. */
  #large: { readonly arrays: Set<Data>; readonly buffers: ArrayBufferLike[]; readonly free: FreeList } | undefined;
  /** The shared stack, and its top before the first block of this arena. */
  #stack: { readonly allocator: SharedAllocator; readonly mark: StackMark } | undefined;
  /** The size in bytes up to which an array counts as small. */
  readonly #maxSmallBytes: number;
  #outer: Arena | undefined;

  constructor(maxSmallBytes = MAX_SLAB_ARRAY_BYTES) {
    this.#maxSmallBytes = maxSmallBytes;
  }

  /** Runs `compute` with this arena serving its allocations. */
  run<R>(compute: () => R): R {
    this.#outer = current;
    current = this;
    try {
      return compute();
    } finally {
      current = this.#outer;
    }
  }

  /** Whether an array's elements are in this arena. */
  owns(data: Data): boolean {
    return smallArrays.userOf(data) === this || (this.#large?.arrays.has(data) ?? false);
  }

  /** Allocates an array of more than one element, for `allocate`. */
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
    const block = free.take(bytes) ?? this.#takeShared(bytes);
    const data =
      block === undefined ? takeBuffer(dtype, length, bytes) : viewData(dtype, block.buffer, block.byteOffset, length);
    if (block === undefined) buffers.push(data.buffer);
    arrays.add(data);
    return data;
  }

  #takeShared(bytes: number): MemoryBlock | undefined {
    if (this.#stack === undefined) {
      const allocator = sharedAllocator();
      if (allocator === undefined) return undefined;
      this.#stack = { allocator, mark: allocator.mark() };
      stacked.push(this);
    }
    return stacked.at(-1) === this ? this.#stack.allocator.take(bytes) : undefined;
  }

  /**
   * Frees an array so that its memory can be reused. Returns `false` if it belongs neither to this arena nor to an outer
   * one.
   */
  take(data: Data): boolean {
    if (!this.#large?.arrays.delete(data)) return this.#outer?.take(data) ?? false;
    this.#large.free.give(data.byteLength, data);
    return true;
  }

  /** Frees all arrays; from now on their memory may be overwritten. */
  end(): void {
    for (const pooled of this.#pooled) smallArrays.giveBack(pooled);
    this.#pooled.length = 0;
    if (this.#large === undefined) return;
    for (const buffer of this.#large.buffers) freeBuffers.give(buffer.byteLength, { buffer, byteOffset: 0 });
    this.#large = undefined;
    if (this.#stack === undefined) return;
    const index = stacked.indexOf(this);
    // An arena before this one has ended, if it isn't found, and has returned the stack to an earlier top.
    if (index !== -1) {
      stacked.length = index;
      this.#stack.allocator.release(this.#stack.mark);
    }
    this.#stack = undefined;
  }
}
