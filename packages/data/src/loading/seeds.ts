/** Generators for single examples and batches, which follow from the epoch and the index alone. */

import { Random, type RandomState } from '@tapegrad/core';

/** The words that decide all draws of an epoch. */
export type EpochKey = readonly number[];

/** Returns the key of an epoch: the state that its order was drawn from, and its number. */
export const epochKey = (start: RandomState, epoch: number): EpochKey => [...start, epoch];

/** Mixes words into 32 bits in which each of them counts (the finalizer of MurmurHash3, chained). */
function mixed(words: readonly number[], lane: number): number {
  let hash = Math.imul(lane + 1, 0x9e3779b9);
  for (const word of words) {
    hash ^= word;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash = (hash ^ (hash >>> 16)) + 0x9e3779b9;
  }
  return hash | 0;
}

/**
 * Returns a generator for one index of an epoch. It does not depend on what was drawn before, so an example gets the same
 * numbers in any order, in any worker and after any interruption.
 */
export function randomFor(key: EpochKey, kind: 'example' | 'batch', index: number): Random {
  const words = [...key, kind === 'example' ? 0 : 1, index];
  const random = new Random(0);
  // A state of zeros only would stay so; it has a chance of 2^-128.
  const last = mixed(words, 3);
  random.state = [mixed(words, 0), mixed(words, 1), mixed(words, 2), last === 0 ? 1 : last];
  return random;
}
