/** Allocation: from the arena that runs, from what was handed back, or anew. */

import { bytesPerElement, type Data, type DType } from '../arrays/dtype.ts';
import { currentArena } from './arena.ts';
import { freeBuffers, takeBuffer } from './free-list.ts';
import { MAX_SLAB_ARRAY_BYTES, zeroed } from './slab.ts';

/** The large allocations of the computations that are being watched, one inside the other. */
const watched: Data[] = [];
let watches = 0;

/** A typed array whose elements are whatever its memory held. */
export function allocate(dtype: DType, length: number): Data {
  const bytes = length * bytesPerElement(dtype);
  const isSmall = bytes <= MAX_SLAB_ARRAY_BYTES;
  const arena = currentArena();
  if (arena === undefined ? isSmall : length <= 1) return zeroed(dtype, length);
  const data = arena === undefined ? takeBuffer(dtype, length, bytes) : arena.allocate(dtype, length, bytes);
  if (watches > 0 && !isSmall) watched.push(data);
  return data;
}

/** Hands an array's memory back, to which nothing refers any more. */
export function free(data: Data): void {
  const arena = currentArena();
  if (arena === undefined || !arena.take(data)) freeBuffers.give(data.byteLength, data);
}

/** Notes large allocations from now on. Returns what `endWatch` takes. */
export function beginWatch(): number {
  watches++;
  return watched.length;
}

/** Returns the large arrays that were allocated since, where there are any. */
export function endWatch(begun: number): Data[] | undefined {
  watches--;
  return watched.length === begun ? undefined : watched.splice(begun);
}
