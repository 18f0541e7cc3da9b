/** The shared memory from which arenas allocate large arrays. */

import type { MemoryBlock } from './free-list.ts';

/** A position of the shared stack, to return to with `release`. */
export interface StackMark {
  readonly top: number;
  readonly taken: number;
}

/** A stack allocator in memory shared between threads. */
export interface SharedAllocator {
  mark(): StackMark;
  /** Allocates a block of `bytes` bytes. Returns undefined if the memory is used up. */
  take(bytes: number): MemoryBlock | undefined;
  /** Frees everything allocated since a mark. */
  release(mark: StackMark): void;
}

let current: SharedAllocator | undefined;

/** Sets the allocator from which arenas take large arrays. */
export function offerSharedAllocator(offered: SharedAllocator): void {
  current = offered;
}

/** Removes an allocator, if it is the current one. */
export function withdrawSharedAllocator(offered: SharedAllocator): void {
  if (current === offered) current = undefined;
}

export const sharedAllocator = (): SharedAllocator | undefined => current;
