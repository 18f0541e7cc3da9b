/** Memory that was handed back, for the next array of the same size. */

import { type Data, type DType, newData, viewData } from '../arrays/dtype.ts';

/** Where a large array lies: in a buffer of its own, or in a memory that threads share. */
export interface MemoryBlock {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
}

/** Blocks that were handed back, by their length in bytes. */
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

  /** Keeps a block, unless there are too many bytes already. */
  give(bytes: number, block: MemoryBlock): void {
    if (this.#bytes + bytes > this.#maxBytes) return;
    this.#bytes += bytes;
    const blocks = this.#blocks.get(bytes);
    if (blocks === undefined) this.#blocks.set(bytes, [block]);
    else blocks.push(block);
  }
}

const MAX_FREE_BYTES = 1 << 26;

/** The large buffers that the whole program shares. */
export const freeBuffers = new FreeList(MAX_FREE_BYTES);

/** A large array in a buffer that was handed back, or in a new one. */
export function takeBuffer(dtype: DType, length: number, bytes: number): Data {
  const block = freeBuffers.take(bytes);
  return block === undefined ? newData(dtype, length) : viewData(dtype, block.buffer, block.byteOffset, length);
}
