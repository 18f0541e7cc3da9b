/** Allocates arrays from the active arena, from freed buffers, or as new memory. */

import { bytesPerElement, type Data, type DType } from '../arrays/dtype.ts';
import { currentArena } from './arena.ts';
import { freeBuffers, takeBuffer } from './free-list.ts';
import { MAX_SLAB_ARRAY_BYTES, zeroed } from './slab.ts';

/** The large arrays allocated since the outermost active watch began; watches may be nested. */
const watched: Data[] = [];
let watches = 0;

/** Allocates a typed array whose contents are undefined. */
export function allocate(dtype: DType, length: number): Data {
  const bytes = length * bytesPerElement(dtype);
  const isSmall = bytes <= MAX_SLAB_ARRAY_BYTES;
  const arena = currentArena();
  if (arena === undefined ? isSmall : length <= 1) return zeroed(dtype, length);
  const data = arena === undefined ? takeBuffer(dtype, length, bytes) : arena.allocate(dtype, length, bytes);
  if (watches > 0 && !isSmall) watched.push(data);
  return data;
}

/** Frees the memory of an array that is no longer referenced. */
export function free(data: Data): void {
  const arena = currentArena();
  if (arena === undefined || !arena.take(data)) freeBuffers.give(data.byteLength, data);
}

/** Starts recording large allocations. Returns a token for `endWatch`. */
export function beginWatch(): number {
  watches++;
  return watched.length;
}

/** Stops recording and returns the large arrays allocated since `beginWatch`, or undefined if there are none. */
export function endWatch(begun: number): Data[] | undefined {
  watches--;
  return watched.length === begun ? undefined : watched.splice(begun);
}
