/** What callers without types may hand over: what would be left out in silence. */

import { ArgumentError } from '@tapegrad/kernels';
import { describeValue, marked } from './describe-value.ts';

/** Throws unless a value is a function. */
export function checkFunction(call: string, f: unknown): void {
  if (typeof f !== 'function') throw new ArgumentError(`${call}: expected a function, got ${describeValue(f)}`);
}

/**
 * Throws unless options are an object that has known names alone: a misspelt one, or a value that stands in their place, would be
 * left out in silence.
 *
 * @example
 * const scaled = (x: Tensor, options: { readonly factor?: number } = {}): Tensor => {
 *   checkOptions('scaled', options, ['factor']);
 *   return x.mul(options.factor ?? 1);
 * };
 * scaled(tensor([1, 2]), { factor: 3 }).toArray(); // [3, 6]
 */
export function checkOptions<O extends object>(
  call: string,
  options: O | undefined,
  known: readonly (keyof O & string)[],
): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options) || marked in options) {
    throw new ArgumentError(`${call}: expected options { ${known.join(', ')} }, got ${describeValue(options)}`);
  }
  for (const name in options) {
    if ((known as readonly string[]).includes(name)) continue;
    throw new ArgumentError(`${call}: unknown option '${name}', expected { ${known.join(', ')} }`);
  }
}

function tooMany(call: string, most: number, args: readonly unknown[], mend = ''): ArgumentError {
  const expected = most === 0 ? 'no argument' : most === 1 ? 'one argument' : `at most ${most} arguments`;
  const list =
    most === 1 && args.every((x) => typeof x === 'number') ? `; a list is written [${args.join(', ')}]` : mend;
  return new ArgumentError(`${call}: expected ${expected}, got ${args.length}${list}`);
}

/** What `map` and `reduce` hand over behind an entry: its place, and the list. */
const isPlaceInList = ([place, list, ...others]: readonly unknown[]): boolean =>
  Number.isInteger(place) && Array.isArray(list) && others.length === 0;

/** Throws where a function was given `more` than it takes, save what `map` and `reduce` of a list hand over. */
export function checkNoMore(call: string, more: readonly unknown[]): void {
  if (more.length === 0 || isPlaceInList(more)) return;
  throw new ArgumentError(`${call}: got more than it takes: ${more.map((x) => describeValue(x)).join(', ')}`);
}

/** Whether an object has no class of its own, as those of another realm have not. */
export function isPlain(x: object): boolean {
  const prototype = Object.getPrototypeOf(x);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Arrays and plain objects as they are now, since the caller may go on with them; what contains itself stays as it is. */
export function ownData(data: unknown, deepest = 32): unknown {
  if (typeof data !== 'object' || data === null || deepest === 0) return data;
  if (Array.isArray(data)) return data.map((entry) => ownData(entry, deepest - 1));
  if (!isPlain(data)) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, ownData(value, deepest - 1)]));
}

type Method = (this: unknown, ...args: readonly unknown[]) => unknown;

/**
 * Lets the methods of a class throw where they are given more than they take, which would be left out in silence; all but the
 * `uncounted`. They take as many as `length` says. It does not count from a default value on, so such a value stands in the
 * body of a method.
 *
 * @param mends what messages say of methods that are often taken for others.
 */
export function countArguments(
  prototype: object,
  uncounted: readonly string[] = [],
  mends: Readonly<Record<string, string>> = {},
): void {
  for (const [call, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (typeof value !== 'function' || call === 'constructor' || uncounted.includes(call)) continue;
    const method: Method = value;
    const most = method.length;
    const counting = function (this: unknown, ...args: readonly unknown[]): unknown {
      if (args.length > most) throw tooMany(call, most, args, mends[call]);
      return method.apply(this, args as unknown[]);
    };
    Object.defineProperty(prototype, call, { value: counting, writable: true, configurable: true });
  }
}
