/** Command-line options as a table: the parser, the types and the help text all read it. */

import { parseArgs } from 'node:util';

interface Described {
  /** What the option is for, in a line. */
  readonly help: string;
  /** A second name. */
  readonly alias?: string;
}

interface Bounded {
  readonly min?: number;
  readonly max?: number;
}

export type Option =
  | (Described & Bounded & { readonly kind: 'whole' | 'number'; readonly default: number })
  | (Described & Bounded & { readonly kind: 'wholes'; readonly default: readonly number[] })
  | (Described & { readonly kind: 'path'; readonly default?: string })
  | (Described & { readonly kind: 'flag'; readonly sets?: Presets });

/** What other options are unless they are given, by their name in the program. */
export type Presets = Readonly<Record<string, number | readonly number[]>>;

/** Options by their name in the program; on the command line `learningRate` is `--learning-rate`. */
export type OptionTable = Readonly<Record<string, Option>>;

/** What the options of a table are given as. */
export type Options<T extends OptionTable> = { readonly [Name in keyof T]: Value<T[Name]> };

type Value<O extends Option> = O extends { readonly kind: 'flag' }
  ? boolean
  : O extends { readonly kind: 'path' }
    ? O extends { readonly default: string }
      ? string
      : string | undefined
    : O extends { readonly kind: 'wholes'; readonly default: infer Default }
      ? { readonly [I in keyof Default]: number }
      : number;

/** Options that the table does not allow. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/**
 * Reads a program's options, and prints the table for `--help`. What the table does not allow is said in a sentence, and
 * ends the program with exit code 2.
 *
 * @param about what the program does and how it is called, the head of the help text.
 */
export function readOptions<const T extends OptionTable>(about: string, table: T): Options<T> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(helpText(about, table));
    process.exit(0);
  }
  try {
    return parseOptions(table, args);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    process.stderr.write(`${error.message}\nWith --help, all options are listed.\n`);
    process.exit(2);
  }
}

/**
 * Reads options from arguments, `--name value` or `--name=value`, the last of each name.
 *
 * @throws OptionError for a name that is not in the table, and a value that the option does not take.
 */
export function parseOptions<const T extends OptionTable>(table: T, args: readonly string[]): Options<T> {
  const given = givenTexts(table, args);
  const presets: Presets = Object.assign({}, ...[...given.keys()].map((name) => presetsOf(table[name]!)));
  const values = Object.entries(table).map(([name, option]) => {
    const text = given.get(name);
    if (text !== undefined) return [name, parsedValue(`--${dashed(name)}`, option, text)];
    return [name, presets[name] ?? defaultOf(option)];
  });
  return Object.fromEntries(values) as Options<T>;
}

/** The options and what they mean, with their defaults. */
export function helpText(about: string, table: OptionTable): string {
  const rows = Object.entries(table).map(([name, option]) => {
    const names = [dashed(name), ...(option.alias === undefined ? [] : [option.alias])];
    const usage = `${names.map((each) => `--${each}`).join(', ')} ${PLACEHOLDERS[option.kind]}`.trimEnd();
    const preset = defaultOf(option);
    const sets = Object.entries(presetsOf(option)).map(([other, value]) => `--${dashed(other)} ${value}`);
    const note = sets.length > 0 ? sets.join(' ') : preset || preset === 0 ? `${preset}` : undefined;
    return [usage, note === undefined ? option.help : `${option.help} [${note}]`] as const;
  });
  rows.push(['--help', 'shows this list']);
  const width = Math.max(...rows.map(([usage]) => usage.length));
  return `${about}\n\nOptions:\n${rows.map(([usage, help]) => `  ${usage.padEnd(width)}  ${help}\n`).join('')}`;
}

const PLACEHOLDERS: Readonly<Record<Option['kind'], string>> = {
  whole: 'N',
  number: 'X',
  wholes: 'N,N,…',
  path: 'PATH',
  flag: '',
};

const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const presetsOf = (option: Option): Presets => (option.kind === 'flag' ? (option.sets ?? {}) : {});

const defaultOf = (option: Option) => (option.kind === 'flag' ? false : option.default);

/** The text that was given for each option, by its name in the table. */
function givenTexts(table: OptionTable, args: readonly string[]): ReadonlyMap<string, string> {
  const named = Object.entries(table).flatMap(([name, { kind, alias }]) =>
    [dashed(name), ...(alias === undefined ? [] : [alias])].map((dashedName) => ({ name, dashedName, kind })),
  );
  const options = Object.fromEntries(
    named.map(({ dashedName, kind }) => [dashedName, { type: kind === 'flag' ? 'boolean' : 'string' } as const]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const given = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') throw new OptionError(`'${token.value}' is not an option`);
    const option = named.find(({ dashedName }) => `--${dashedName}` === token.rawName);
    if (option === undefined) throw new OptionError(`there is no option ${token.rawName}`);
    const { name, kind } = option;
    if (kind === 'flag' && token.value !== undefined) throw new OptionError(`${token.rawName} takes no value`);
    if (kind !== 'flag' && !token.value) throw new OptionError(`${token.rawName} wants a value`);
    given.set(name, token.value ?? '');
  }
  return given;
}

function parsedValue(flag: string, option: Option, text: string): Value<Option> {
  if (option.kind === 'flag') return true;
  if (option.kind === 'path') return text;
  const whole = option.kind !== 'number';
  if (option.kind !== 'wholes') return numberOf(flag, option, text, whole);
  const values = text.split(',').map((part) => numberOf(flag, option, part, whole));
  const { length } = option.default;
  if (values.length !== length) throw new OptionError(`${flag} wants ${length} numbers with commas, got '${text}'`);
  return values;
}

function numberOf(flag: string, { min = -Infinity, max = Infinity }: Bounded, text: string, whole: boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const fits = whole ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (fits && value >= min && value <= max) return value;
  const range = max < Infinity ? ` from ${min} to ${max}` : min > -Infinity ? `, ${min} or more` : '';
  throw new OptionError(`${flag} wants a ${whole ? 'whole number' : 'number'}${range}, got '${text}'`);
}
