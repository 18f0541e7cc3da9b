/** The memory plan: where each block lies, so that blocks which are not needed at the same time share memory. */

import { bytesPerElement } from '@tapegrad/kernels';
import type { Block } from './storage.ts';

/** When a block is needed: from the unit that writes it first to the one that reads it last. */
export interface Lifetime {
  readonly from: number;
  readonly to: number;
}

/** The position of each block in bytes, and the bytes of all of them. */
export interface MemoryPlan {
  readonly offsets: ReadonlyMap<Block, number>;
  readonly bytes: number;
}

/** The alignment of blocks: a cache line. */
const ALIGNMENT = 64;

/** Returns the bytes to set aside for a block. Kernels may write part of a vector past its end. */
export const roomFor = (block: Block): number => (Math.floor(blockBytes(block) / ALIGNMENT) + 2) * ALIGNMENT;

export const blockBytes = ({ dtype, length }: Block): number => length * bytesPerElement(dtype);

interface Placed extends Lifetime {
  readonly start: number;
  readonly end: number;
}

/**
 * Places blocks: the largest first, each at the lowest position that no block needed at the same time uses.
 */
export function planMemory(lifetimes: ReadonlyMap<Block, Lifetime>): MemoryPlan {
  const blocks = [...lifetimes].sort(([a], [b]) => blockBytes(b) - blockBytes(a));
  const offsets = new Map<Block, number>();
  /** The blocks placed so far, by position. */
  const placed: Placed[] = [];
  let bytes = 0;
  for (const [block, { from, to }] of blocks) {
    const size = roomFor(block);
    let start = 0;
    for (const other of placed) {
      if (other.from > to || from > other.to) continue;
      if (other.start - start >= size) break;
      if (other.end > start) start = other.end;
    }
    offsets.set(block, start);
    const next = placed.findIndex((other) => other.start > start);
    placed.splice(next < 0 ? placed.length : next, 0, { start, end: start + size, from, to });
    bytes = Math.max(bytes, start + size);
  }
  return { offsets, bytes };
}
