import { ArgumentError } from '@tapegrad/core';

/** What every optimizer can be told. */
export interface OptimizerOptions {
  /** The step size. */
  readonly learningRate: number;
  /** Whether to make the loss larger, not smaller: to take each gradient with the other sign; false unless given. */
  readonly maximize?: boolean;
  /** Whether a parameter may get no gradient, and is then left as it is; false unless given. */
  readonly allowUnused?: boolean;
}

/** Values of the options that an optimizer adds to these. */
export type Defaults<Options extends OptimizerOptions> = Required<Omit<Options, keyof OptimizerOptions>>;

/** Throws unless an option is a finite number, zero or more. */
export function checkNotNegative(call: string, option: string, value: number): void {
  if (!(value >= 0 && value < Infinity)) {
    throw new ArgumentError(`${call}: ${option} is ${value}, expected a finite number >= 0`);
  }
}

/** Throws unless a number counts something. */
export function checkWhole(call: string, what: string, value: number): void {
  if (!Number.isInteger(value) || value < 0) {
    throw new ArgumentError(`${call}: ${what} is ${value}, expected a whole number >= 0`);
  }
}

/** Throws unless an option is the share of something that stays: from 0 up to, not including, 1. */
export function checkShare(call: string, option: string, value: number): void {
  if (!(value >= 0 && value < 1)) {
    throw new ArgumentError(`${call}: ${option} is ${value}, expected a number from 0 up to, not including, 1`);
  }
}

/** Throws unless an option is one of some words. */
export function checkWord(call: string, option: string, value: string, words: readonly string[]): void {
  if (words.includes(value)) return;
  const known = words.map((word) => `'${word}'`).join(' or ');
  throw new ArgumentError(`${call}: unknown ${option} '${value}', expected ${known}`);
}

/** Throws where a name is not that of an option, as a misspelt one in a program without types is not. */
export function checkKnown(call: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new ArgumentError(`${call}: unknown option '${unknown}', expected one of ${known.join(', ')}`);
}
