/** Checks and copies elements that come from outside, such as a saved state from a file, another realm or JSON. */

import { ArgumentError, type Data, type DType, DTypeError, hasNumber, newData, ShapeError } from '@tapegrad/kernels';
import { describeValue } from './describe-value.ts';

/** Returns the class name of an object, even from another realm. */
const classOf = (x: unknown): string => Object.prototype.toString.call(x).slice(8, -1);

const ownClasses: Readonly<Record<DType, string>> = {
  float32: 'Float32Array',
  float64: 'Float64Array',
  int32: 'Int32Array',
  bool: 'Uint8Array',
};

/** Returns whether a value is a typed array for a dtype, from this realm or another. */
export const isDataOf = (dtype: DType, x: unknown): boolean =>
  ArrayBuffer.isView(x) && classOf(x) === ownClasses[dtype];

/** Returns elements as an array-like object. Throws if they are neither a list nor a typed array. */
function listOf(call: string, what: string, dtype: DType, data: unknown): ArrayLike<unknown> {
  const kind = classOf(data);
  if (kind.startsWith('Big')) {
    throw new DTypeError(`${call}: ${what} is a ${kind}, expected numbers of ${dtype}; convert them with Number`);
  }
  if (Array.isArray(data) || (ArrayBuffer.isView(data) && kind !== 'DataView'))
    return data as unknown as ArrayLike<unknown>;
  if (kind === 'Object') {
    throw new ArgumentError(
      `${call}: ${what} is a plain object, as JSON makes from a typed array, expected a ${ownClasses[dtype]}; ` +
        'store states with structuredClone or v8.serialize, or convert each array with Array.from before JSON',
    );
  }
  const got = data === null || typeof data !== 'object' ? describeValue(data) : kind;
  throw new ArgumentError(`${call}: ${what} is ${got}, expected a ${ownClasses[dtype]}`);
}

/**
 * Copies elements into a typed array of their dtype. The elements may be in a typed array of that dtype from any realm,
 * in another typed array whose numbers the dtype can represent, or in a list of numbers.
 *
 * @param what The name of the elements in messages.
 * @throws ShapeError if their number differs from `length`; DTypeError for BigInts, for numbers that the dtype can't
 * represent, and for typed-array elements that it would round; ArgumentError for anything that is not a number.
 */
export function elementsFrom(call: string, what: string, dtype: DType, length: number, data: unknown): Data {
  const list = listOf(call, what, dtype, data);
  if (list.length !== length) throw new ShapeError(`${call}: ${what} has ${length} elements, got ${list.length}`);
  const elements = newData(dtype, length);
  if (dtype !== 'bool' && isDataOf(dtype, data)) {
    elements.set(data as Data);
    return elements;
  }
  const isTyped = ArrayBuffer.isView(data);
  for (let i = 0; i < length; i++) {
    const value = list[i];
    if (typeof value !== 'number') {
      const hint = value === null ? '; JSON has neither NaN nor infinities' : '';
      throw new ArgumentError(`${call}: entry ${i} of ${what} is ${describeValue(value)}, expected a number${hint}`);
    }
    elements[i] = value;
    if (!hasNumber(dtype, value) || (isTyped && !Object.is(elements[i]!, value))) {
      throw new DTypeError(
        `${call}: entry ${i} of ${what} is ${value}, which is not a valid ${dtype} value; convert it first`,
      );
    }
  }
  return elements;
}
