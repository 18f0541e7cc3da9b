/** What layers ask of their options and inputs alike. */

import { ArgumentError, formatShape, isBatched, Random, ShapeError, type Tensor, Variable } from '@tapegrad/core';

/** Throws unless a bias has a number for each output. */
export function checkBias(call: string, bias: Tensor, outputs: number): void {
  if (bias.rank === 1 && bias.shape[0] === outputs) return;
  throw new ShapeError(`${call}: expected a bias of shape [${outputs}], got ${formatShape(bias.shape)}`);
}

/** Throws unless an option is a number that a call takes. */
export function checkOption(call: string, name: string, value: number, allowed: boolean, wanted: string): void {
  if (!allowed) throw new ArgumentError(`${call}: ${name} is ${value}, expected ${wanted}`);
}

/** Throws unless a count is a whole number above 0. */
export const checkCount = (call: string, what: string, count: number): void =>
  checkOption(call, what, count, Number.isInteger(count) && count > 0, 'a whole number above 0');

/** Throws unless elements can be dropped with probability p. */
export const checkProbability = (call: string, p: number): void =>
  checkOption(call, 'the probability', p, p >= 0 && p < 1, 'a number from 0 up to, not including, 1');

/**
 * A parameter or buffer that a layer is about to change; throws where a tensor stands in its place, as in `withTensors`.
 *
 * @param mend what to do about it.
 */
export function changeable<V extends Tensor>(call: string, name: string, value: V, mend: string): V & Variable {
  if (value instanceof Variable) return value as V & Variable;
  throw new ArgumentError(`${call}: ${name} is to be changed, but a tensor stands in its place; ${mend}`);
}

/** Throws where each example of a batch has its own of what a layer keeps for all of them. */
export function checkUnbatched(call: string, what: string, x: Tensor, mend: string): void {
  if (!isBatched(x)) return;
  throw new ArgumentError(`${call}: inside vmap each example has ${what} of its own, which can't be kept; ${mend}`);
}

/** The generator that was handed over to draw masks; throws where there is none. */
export function checkRandom(call: string, random: Random | undefined): Random {
  if (random instanceof Random) return random;
  throw new ArgumentError(`${call}: expected { random }, the generator to draw the masks; nothing is random without`);
}

/**
 * Throws unless options are an object that has known names alone: a misspelt name would be an option that is silently left out.
 */
export function checkOptions<O extends object>(call: string, options: O, known: readonly (keyof O & string)[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError(`${call}: expected options as an object, got ${options}`);
  }
  for (const name in options) {
    if ((known as readonly string[]).includes(name)) continue;
    const names = known.length === 1 ? known[0] : `one of ${known.join(', ')}`;
    throw new ArgumentError(`${call}: unknown option '${name}', expected ${names}`);
  }
}

/** Options without a name that none of them has, which a type parameter would let pass. */
export type Known<O, Options> = O & { readonly [Name in Exclude<keyof O, keyof Options>]: never };
