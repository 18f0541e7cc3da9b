import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { ArgumentError } from '@tapegrad/core/lean';

/** The options that every optimizer accepts. */
export interface OptimizerOptions {
  /** The step size. */
  readonly learningRate: number;
  /** Whether to maximize the loss instead of minimizing it; every gradient is then negated. Defaults to false. */
  readonly maximize?: boolean;
  /** Whether a parameter may lack a gradient; such a parameter stays unchanged. Defaults to false. */
  readonly allowUnused?: boolean;
}

/** The default values of the options that an optimizer adds to `OptimizerOptions`. */
export type Defaults<Options extends OptimizerOptions> = Required<Omit<Options, keyof OptimizerOptions>>;

/** Throws unless an option is a finite number of at least 0. */
export function checkNotNegative(call: string, option: string, value: number): void {
  if (!(typeof value === 'number' && value >= 0 && value < Infinity)) {
    throw new ArgumentError(`${call}: ${option} is ${describeValue(value)}, expected a finite number >= 0`);
  }
}

/** Throws unless a value is an integer of at least `least`. */
export function checkWhole(call: string, what: string, value: number, least = 0): void {
  if (!Number.isInteger(value) || value < least) {
    throw new ArgumentError(`${call}: ${what} is ${describeValue(value)}, expected an integer >= ${least}`);
  }
}

/** Throws unless an option is a factor in [0, 1), such as the decay factor of a running mean. */
export function checkShare(call: string, option: string, value: number): void {
  if (!(typeof value === 'number' && value >= 0 && value < 1)) {
    const wanted = 'a number >= 0 and < 1';
    throw new ArgumentError(`${call}: ${option} is ${describeValue(value)}, expected ${wanted}`);
  }
}

/** Throws unless an option is true or false. */
export function checkFlag(call: string, option: string, value: boolean | undefined): void {
  if (typeof value !== 'boolean') {
    throw new ArgumentError(`${call}: ${option} is ${describeValue(value)}, expected true or false`);
  }
}

/** Throws unless an option is one of the given words. */
export function checkWord(call: string, option: string, value: string, words: readonly string[]): void {
  if (words.includes(value)) return;
  const known = words.map((word) => `'${word}'`).join(' or ');
  throw new ArgumentError(`${call}: unknown ${option} ${describeValue(value)}, expected ${known}`);
}

/** Throws unless a state is an object. */
export function checkState(call: string, state: unknown): void {
  if (typeof state === 'object' && state !== null && !Array.isArray(state)) return;
  throw new ArgumentError(`${call}: expected a state, as state() gives one, got ${describeValue(state)}`);
}

/** Throws unless options are an object that has only known names. Unlike in `checkOptions`, they must be given. */
export function checkKnown(call: string, options: object, known: readonly string[]): void {
  if (options === undefined)
    throw new ArgumentError(`${call}: expected options { ${known.join(', ')} }, got undefined`);
  checkOptions<Record<string, unknown>>(call, options as Record<string, unknown>, known);
}

/** Throws if a required option is missing. Options that aren't `undefined` must be an object. */
export function checkGiven(call: string, options: object | undefined, required: readonly string[]): void {
  const missing = required.filter(
    (name) => (options as Readonly<Record<string, unknown>> | undefined)?.[name] === undefined,
  );
  if (missing.length === 0) return;
  throw new ArgumentError(`${call}: ${missing.join(' and ')} missing; expected options { ${missing.join(', ')} }`);
}

/** Throws if a required option is missing, or an option is unknown. */
export function checkNames(
  call: string,
  options: object | undefined,
  required: readonly string[],
  optional: readonly string[] = [],
): void {
  if (options !== undefined) checkKnown(call, options, [...required, ...optional]);
  checkGiven(call, options, required);
}

/** Returns the options that are defined. An undefined option counts as absent. */
export const given = <O extends object>(options: O): Partial<O> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<O>;
