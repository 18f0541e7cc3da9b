/** Values as messages show them, of whatever kind. */

import { Gradients, Tensor } from './tensor.ts';

/** Whether something has parameters to ask for, as a module has. */
const hasParameters = (value: object): boolean =>
  typeof (value as { readonly parameters?: unknown }).parameters === 'function';

/**
 * A value as a message shows it that expected another: a text in quotes, so that it is not taken for the number in it, and an object
 * by what it is.
 *
 * @example
 * ['0.1', 0.1, [0.1], ones([2])].map(describeValue); // ["'0.1'", '0.1', 'an array', 'a tensor']
 */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Tensor) return 'a tensor';
  if (value instanceof Gradients) return 'gradients';
  return hasParameters(value) ? 'a module' : 'an object';
}
