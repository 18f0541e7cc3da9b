/** A free list of memory blocks, reused for arrays of the same size. */

import { type Data, type DType, newData, viewData } from '../arrays/dtype.ts';

/** A block of memory for a large array: its own buffer, or a part of shared memory. */
export interface MemoryBlock {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
}

/** A free list of blocks, keyed by their length in bytes. */
export class FreeList {
  readonly #maxBytes: number;
  readonly #blocks = new Map<number, MemoryBlock[]>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  take(bytes: number): MemoryBlock | undefined {
    const block = this.#blocks.get(bytes)?.pop();
    if (block !== undefined) this.#bytes -= bytes;
    return block;
  }

  /** Keeps a block, unless that would exceed the byte limit. */
  give(bytes: number, block: MemoryBlock): void {
    if (this.#bytes + bytes > this.#maxBytes) return;
    this.#bytes += bytes;
    const blocks = this.#blocks.get(bytes);
    if (blocks === undefined) this.#blocks.set(bytes, [block]);
    else blocks.push(block);
  }
}

const MAX_FREE_BYTES = 1 << 26;

/** The free list of large buffers for the whole program. */
export const freeBuffers = new FreeList(MAX_FREE_BYTES);

/** Returns a large array in a reused buffer if one of that size is free, otherwise in a new one. */
export function takeBuffer(dtype: DType, length: number, bytes: number): Data {
  const block = freeBuffers.take(bytes);
  return block === undefined ? newData(dtype, length) : viewData(dtype, block.buffer, block.byteOffset, length);
}
