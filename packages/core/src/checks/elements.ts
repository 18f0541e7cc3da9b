/** Elements that come from outside: those of a state, which may have been through a file, another realm or JSON. */

import { ArgumentError, type Data, type DType, DTypeError, hasNumber, newData, ShapeError } from '@tapegrad/kernels';
import { describeValue } from './describe-value.ts';

/** The class of an object, of whichever realm it is. */
const classOf = (x: unknown): string => Object.prototype.toString.call(x).slice(8, -1);

const ownClasses: Readonly<Record<DType, string>> = {
  float32: 'Float32Array',
  float64: 'Float64Array',
  int32: 'Int32Array',
  bool: 'Uint8Array',
};

/** Whether a value is a typed array that stores a dtype, of this realm or another. */
export const isDataOf = (dtype: DType, x: unknown): boolean =>
  ArrayBuffer.isView(x) && classOf(x) === ownClasses[dtype];

/** The values as something that has a length; throws where they are nothing of the kind. */
function listOf(call: string, what: string, dtype: DType, data: unknown): ArrayLike<unknown> {
  const kind = classOf(data);
  if (kind.startsWith('Big')) {
    throw new DTypeError(`${call}: ${what} is a ${kind}, expected numbers of ${dtype}; make them numbers by Number`);
  }
  if (Array.isArray(data) || (ArrayBuffer.isView(data) && kind !== 'DataView'))
    return data as unknown as ArrayLike<unknown>;
  if (kind === 'Object') {
    throw new ArgumentError(
      `${call}: ${what} is a plain object, as JSON makes of a typed array, expected a ${ownClasses[dtype]}; ` +
        'keep a state by structuredClone or v8.serialize, or make each array a list, by Array.from, before JSON',
    );
  }
  const got = data === null || typeof data !== 'object' ? describeValue(data) : kind;
  throw new ArgumentError(`${call}: ${what} is ${got}, expected a ${ownClasses[dtype]}`);
}

/**
 * A copy of elements in a typed array that stores their dtype. They may come in one of any realm, in another typed array that
 * holds numbers of the dtype, or in a list of numbers.
 *
 * @param what names the elements in messages.
 * @throws ShapeError for another number of them; DTypeError for BigInts, for numbers that the dtype lacks, and for those of a
 * typed array that it would round; ArgumentError for anything but numbers.
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
        `${call}: entry ${i} of ${what} is ${value}, which is no number of ${dtype}; convert it first`,
      );
    }
  }
  return elements;
}
