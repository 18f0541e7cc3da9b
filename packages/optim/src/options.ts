import { ArgumentError } from '@tapegrad/core';

/** What every optimizer can be told. */
export interface OptimizerOptions {
  /** The step size. */
  readonly learningRate: number;
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

/** Throws where a name is not that of an option, as a misspelt one in a program without types is not. */
export function checkKnown(call: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new ArgumentError(`${call}: unknown option '${unknown}', expected one of ${known.join(', ')}`);
}
