/** Checks for untyped callers: they reject arguments that would be silently ignored. */

import { ArgumentError } from '@tapegrad/kernels';
import { describeValue, marked } from './describe-value.ts';

/** Throws unless a value is a function. */
export function checkFunction(call: string, f: unknown): void {
  if (typeof f !== 'function') throw new ArgumentError(`${call}: expected a function, got ${describeValue(f)}`);
}

/**
 * Throws unless `options` is `undefined` or an object that has only known names. Otherwise misspelled options, or
 * another value in place of the options, would be silently ignored.
 *
 * @param ignored Names that are accepted, too, but not listed in messages.
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
  ignored: readonly string[] = [],
): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options) || marked in options) {
    throw new ArgumentError(`${call}: expected options { ${known.join(', ')} }, got ${describeValue(options)}`);
  }
  for (const name in options) {
    if ((known as readonly string[]).includes(name) || ignored.includes(name)) continue;
    throw new ArgumentError(`${call}: unknown option '${name}', expected { ${known.join(', ')} }`);
  }
}

function tooMany(call: string, most: number, args: readonly unknown[], mend = ''): ArgumentError {
  const expected = most === 0 ? 'no argument' : most === 1 ? 'one argument' : `at most ${most} arguments`;
  const list =
    most === 1 && args.every((x) => typeof x === 'number') ? `; a list is written [${args.join(', ')}]` : mend;
  return new ArgumentError(`${call}: expected ${expected}, got ${args.length}${list}`);
}

/** Throws if a function was called with more than `most` arguments. */
export function checkCount(call: string, most: number, args: readonly unknown[], mend?: string): void {
  if (args.length > most) throw tooMany(call, most, args, mend);
}

/** Returns whether extra arguments are the index and the list, which `map` and `reduce` pass after the entry. */
const isPlaceInList = ([place, list, ...others]: readonly unknown[]): boolean =>
  Number.isInteger(place) && Array.isArray(list) && others.length === 0;

/** Throws if a function was called with extra arguments, except the index and the list, which `map` and `reduce` pass. */
export function checkNoMore(call: string, more: readonly unknown[]): void {
  if (more.length === 0 || isPlaceInList(more)) return;
  throw new ArgumentError(`${call}: got too many arguments: ${more.map((x) => describeValue(x)).join(', ')}`);
}

/**
 * Returns whether an object has no class of its own. Objects without a prototype, and plain objects of other realms,
 * count as having none.
 */
export function isPlain(x: object): boolean {
  const prototype = Object.getPrototypeOf(x);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Copies arrays and plain objects, since the caller may change them. Only `deepest` levels are copied, so cyclic data
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
 * Returns a version of the method that throws on extra arguments. Methods of up to two parameters pass their arguments
 * on one by one: collecting them in a list and spreading it would take as long as a small kernel.
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
 * Makes the methods of a class throw on extra arguments, which would otherwise be silently ignored. The maximum is the
 * `length` of the method, which doesn't count parameters from the first default value on. So such methods must set
 * defaults in their body. Methods in `uncounted` are exempt.
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
