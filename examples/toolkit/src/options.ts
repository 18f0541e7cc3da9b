/** Command-line options as a table, from which the parser, the types and the help text are derived. */

import { parseArgs } from 'node:util';

interface Described {
  /** A description of the option in one line. */
  readonly help: string;
  /** An alternative name. */
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

/** The defaults that a flag sets for other options, by their name in the program. */
export type Presets = Readonly<Record<string, number | readonly number[]>>;

/** Options by their name in the program. On the command line, `learningRate` becomes `--learning-rate`. */
export type OptionTable = Readonly<Record<string, Option>>;

/** The values of a table's options. */
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

/** Thrown for options that the table doesn't allow. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/**
 * Reads a program's options. For `--help`, prints the table. For invalid options, prints a sentence and exits with code
 * 2.
 *
 * @param about what the program does and how to call it; the beginning of the help text.
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
 * Parses options of the form `--name value` or `--name=value`; the last occurrence of a name counts.
 *
 * @throws OptionError for a name that isn't in the table, or a value that the option doesn't accept.
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

/** Returns the help text: the options, their meanings and defaults. */
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

/** Returns the text given for each option, by its name in the table. */
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
  throw new OptionError(`${flag} wants ${whole ? 'an integer' : 'a number'}${range}, got '${text}'`);
}
