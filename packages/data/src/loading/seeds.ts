/** Generators for single examples and batches, seeded only by the epoch and the index. */

import { Random, type RandomState } from '@tapegrad/core';

/** The integers that seed all random numbers of an epoch. */
export type EpochKey = readonly number[];

/** Returns the key of an epoch: the generator's state before the order was drawn, and the number of the epoch. */
export const epochKey = (start: RandomState, epoch: number): EpochKey => [...start, epoch];

/** Hashes integers to 32 bits (the finalizer of MurmurHash3, chained). */
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
 * Returns a generator for one index of an epoch. It does not depend on earlier draws, so an example gets the same
 * random numbers in any order, in any worker and after any interruption.
 */
export function randomFor(key: EpochKey, kind: 'example' | 'batch', index: number): Random {
  const words = [...key, kind === 'example' ? 0 : 1, index];
  const random = new Random(0);
  // An all-zero state would stay zero forever; its probability is 2^-128.
  const last = mixed(words, 3);
  random.state = [mixed(words, 0), mixed(words, 1), mixed(words, 2), last === 0 ? 1 : last];
  return random;
}
