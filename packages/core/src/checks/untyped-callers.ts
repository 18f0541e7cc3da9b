/** Checks for untyped callers: they reject arguments that would be silently ignored. */

import { ArgumentError } from '@tapegrad/kernels';
import { describeValue, marked } from './describe-value.ts';

/** Throws unless a value is a function. */
export function checkFunction(call: string, f: unknown): void {
  if (typeof f !== 'function') throw new ArgumentError(`${call}: expected a function, got ${describeValue(f)}`);
}

/**
 * Throws unless `options` is an object with known names only. Misspelt options, or another value in their place, would be
 * silently ignored.
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

/** Throws if a function was called with more arguments than it takes. */
export function checkCount(call: string, most: number, args: readonly unknown[], mend?: string): void {
  if (args.length > most) throw tooMany(call, most, args, mend);
}

/** Returns whether extra arguments are those that `map` and `reduce` pass after an entry: its index and the list. */
const isPlaceInList = ([place, list, ...others]: readonly unknown[]): boolean =>
  Number.isInteger(place) && Array.isArray(list) && others.length === 0;

/** Throws if a function was called with extra arguments, except those that `map` and `reduce` pass. */
export function checkNoMore(call: string, more: readonly unknown[]): void {
  if (more.length === 0 || isPlaceInList(more)) return;
  throw new ArgumentError(`${call}: got too many arguments: ${more.map((x) => describeValue(x)).join(', ')}`);
}

/**
 * Returns whether an object has no class of its own. Objects without a prototype and plain objects of other realms count, too.
 */
export function isPlain(x: object): boolean {
  const prototype = Object.getPrototypeOf(x);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Copies arrays and plain objects, since the caller may change them. Levels below `deepest` aren't copied, so cyclic data
 * is safe.
 */
export function ownData(data: unknown, deepest = 32): unknown {
  if (typeof data !== 'object' || data === null || deepest === 0) return data;
  if (Array.isArray(data)) return data.map((entry) => ownData(entry, deepest - 1));
  if (!isPlain(data)) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, ownData(value, deepest - 1)]));
}

type Method = (this: unknown, ...args: readonly unknown[]) => unknown;

/**
 * Returns the method, throwing on extra arguments. Collecting all arguments in a list and spreading it would take as long
 * as a small kernel, so methods of up to two parameters pass theirs on one by one.
 */
function counted(call: string, method: Method, mend: string | undefined): Method {
  const most = method.length;
  switch (most) {
    case 0:
      return function (...more) {
        if (more.length > 0) checkCount(call, most, more, mend);
        return method.call(this);
      };
    case 1:
      return function (a, ...more) {
        if (more.length > 0) checkCount(call, most, [a, ...more], mend);
        return method.call(this, a);
      };
    case 2:
      return function (a, b, ...more) {
        if (more.length > 0) checkCount(call, most, [a, b, ...more], mend);
        return method.call(this, a, b);
      };
    default:
      return function (...args) {
        checkCount(call, most, args, mend);
        return method.apply(this, args as unknown[]);
      };
  }
}

/**
 * Makes the methods of a class throw on extra arguments, which would be silently ignored. The maximum is the method's
 * `length`, which stops counting at the first default value. So such defaults must be set in the method's body. Methods in
 * `uncounted` are exempt.
 *
 * @param mends Hints for the messages of methods that are often confused with others.
 */
export function countArguments(
  prototype: object,
  uncounted: readonly string[] = [],
  mends: Readonly<Record<string, string>> = {},
): void {
  for (const [call, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (typeof value !== 'function' || call === 'constructor' || uncounted.includes(call)) continue;
    const counting = counted(call, value, mends[call]);
    Object.defineProperty(prototype, call, { value: counting, writable: true, configurable: true });
  }
}
