/** Checks options and inputs; used by many layers. */

import { checkOptions, describeValue, formatShape, isBatched } from '@tapegrad/core/extend';
import { ArgumentError, DTypeError, Random, type Shape, ShapeError, Tensor, Variable } from '@tapegrad/core/lean';

export { checkOptions };

/** Throws unless an argument is a tensor. `name` is the name of the argument with an article. */
export function checkArgument(call: string, name: string, x: Tensor): void {
  if (x instanceof Tensor) return;
  throw new ArgumentError(`${call}: expected a tensor as ${name}, got ${describeValue(x)}`);
}

/** Throws unless an argument has the same dtype as the input. */
export const checkLikeInput = (call: string, name: string, x: Tensor, input: Tensor): void =>
  checkLike(call, name, x, 'the input', input);

/** Throws unless an input has the same dtype as the weight. */
export const checkInputDType = (call: string, x: Tensor, weight: Tensor): void =>
  checkLike(call, 'an input', x, 'the weight', weight);

function checkLike(call: string, name: string, x: Tensor, model: string, { dtype }: Tensor): void {
  if (x.dtype === dtype) return;
  throw new DTypeError(`${call}: expected ${name} of ${dtype}, like ${model}, got ${x.dtype}; cast one of them first`);
}

/** Returns a copy of a list of lengths. Throws unless all are positive integers. */
export function checkLengths<S extends Shape>(call: string, what: string, lengths: S): S {
  if (!Array.isArray(lengths)) {
    const got = lengths === undefined ? 'is missing' : `is ${describeValue(lengths)}`;
    throw new ArgumentError(`${call}: ${what} ${got}, expected a list of lengths`);
  }
  lengths.forEach((length, i) => {
    checkCount(call, `${what}[${i}]`, length);
  });
  return [...lengths] as unknown as S;
}

/** Throws unless a bias is a vector with one number for each output, and has the same dtype as the weight. */
export function checkBias(call: string, bias: Tensor, outputs: number, weight: Tensor): void {
  checkArgument(call, 'the bias', bias);
  if (bias.rank !== 1 || bias.shape[0] !== outputs) {
    throw new ShapeError(`${call}: expected a bias of shape [${outputs}], got ${formatShape(bias.shape)}`);
  }
  checkLikeInput(call, 'a bias', bias, weight);
}

/** Throws unless an option is a number and `allowed` is true. `wanted` describes which numbers are allowed. */
export function checkOption(call: string, name: string, value: number, allowed: boolean, wanted: string): void {
  if (allowed && typeof value === 'number') return;
  const got = value === undefined ? 'is missing' : `is ${describeValue(value)}`;
  throw new ArgumentError(`${call}: ${name} ${got}, expected ${wanted}`);
}

/** Throws unless a count is a positive integer. */
export const checkCount = (call: string, what: string, count: number): void =>
  checkOption(call, what, count, Number.isInteger(count) && count > 0, 'an integer above 0');

/** Throws unless p is a probability, from 0 to 1. */
export const checkProbability = (call: string, p: number): void =>
  checkOption(call, 'the probability', p, p >= 0 && p <= 1, 'a number from 0 to 1');

/**
 * Returns a variable that a layer is about to change. Throws if a plain tensor has replaced the variable, as in
 * `withTensors`.
 *
 * @param mend Advice for the error message.
 */
export function changeable<V extends Tensor>(call: string, name: string, value: V, mend: string): V & Variable {
  if (value instanceof Variable) return value as V & Variable;
  throw new ArgumentError(`${call}: ${name} cannot be changed, because a tensor replaces it; ${mend}`);
}

/** Throws if x differs between the examples of a `vmap`, since the layer can keep only one value for all of them. */
export function checkUnbatched(call: string, what: string, x: Tensor, mend: string): void {
  if (!isBatched(x)) return;
  throw new ArgumentError(`${call}: inside vmap, each example has ${what} of its own, which cannot be stored; ${mend}`);
}

/** Returns the generator that draws dropout masks. Throws if it is undefined. */
export function checkRandom(call: string, random: Random | undefined): Random {
  if (random instanceof Random) return random;
  throw new ArgumentError(`${call}: expected { random }, the generator that draws the masks`);
}

/**
 * Options that every layer accepts, even if it ignores them. So the same options can be passed to all layers of a
 * model.
 */
const sharedOptions = ['random', 'dtype'];

/** Like `checkOptions`, for the options of a layer's constructor. */
export const checkLayerOptions = <O extends object>(
  call: string,
  options: O | undefined,
  known: readonly (keyof O & string)[],
): void => checkOptions(call, options, known, sharedOptions);

/**
 * The type of options `O` in which unknown names, those that `Options` lacks, must be `never`. A type parameter alone
 * would accept unknown names.
 */
export type Known<O, Options> = O & { readonly [Name in Exclude<keyof O, keyof Options>]: never };
