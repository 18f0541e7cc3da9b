/** What layers ask of their options and inputs alike. */

import { ArgumentError, DTypeError, isFloat, Random, type Tensor } from '@tapegrad/core';

export function checkFloat(call: string, x: Tensor): void {
  if (!isFloat(x.dtype)) throw new DTypeError(`${call}: expected float32 or float64, got ${x.dtype}; cast it first`);
}

/** Throws unless a count is a whole number above 0. */
export function checkCount(call: string, what: string, count: number): void {
  if (Number.isInteger(count) && count > 0) return;
  throw new ArgumentError(`${call}: ${what} is ${count}, expected a whole number above 0`);
}

/** Throws unless elements can be dropped with probability p. */
export function checkProbability(call: string, p: number): void {
  if (!(p >= 0 && p < 1)) {
    throw new ArgumentError(`${call}: the probability is ${p}, expected a number from 0 up to, not including, 1`);
  }
}

/** The generator that was handed over to draw masks; throws where there is none. */
export function checkRandom(call: string, random: Random | undefined): Random {
  if (random instanceof Random) return random;
  throw new ArgumentError(`${call}: expected { random }, the generator to draw the masks; nothing is random without`);
}
