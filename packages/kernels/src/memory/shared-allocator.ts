/** Memory that threads share, from which arenas get their large arrays. */

import type { MemoryBlock } from './free-list.ts';

/** How full a shared stack is. */
export interface StackMark {
  readonly top: number;
  readonly taken: number;
}

/** Allocates in a memory that threads share, as from a stack. */
export interface SharedAllocator {
  mark(): StackMark;
  /** A block of so many bytes; none where the memory is used up. */
  take(bytes: number): MemoryBlock | undefined;
  /** Takes back what was allocated since a mark. */
  release(mark: StackMark): void;
}

let current: SharedAllocator | undefined;

/** Says where arenas get their large arrays from. */
export function offerSharedAllocator(offered: SharedAllocator): void {
  current = offered;
}

/** Takes an offer back. */
export function withdrawSharedAllocator(offered: SharedAllocator): void {
  if (current === offered) current = undefined;
}

export const sharedAllocator = (): SharedAllocator | undefined => current;
