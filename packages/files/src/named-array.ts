/** The arrays that files contain: elements with a dtype and a shape, by name. */

import { ArgumentError, type Data, type DType, type Shape } from '@tapegrad/core';
import { describeValue, formatShape, isDataOf, sizeOf } from '@tapegrad/core/extend';

/**
 * An array with its dtype and shape, whose elements are in row-major order. Every `Tensor` is a `NamedArray`, and so is
 * every entry of `model.state()`.
 */
export interface NamedArray {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: Data;
}

/** Arrays by name. */
export type NamedArrays = Readonly<Record<string, NamedArray>>;

/**
 * Checks an array, and returns a copy of the object. The elements are read only once, since a tensor may copy them on
 * each access. Throws if the elements don't fit the dtype and shape.
 */
export function checkedArray(call: string, name: string, array: NamedArray): NamedArray {
  const what = `${call}: '${name}'`;
  if (typeof array !== 'object' || array === null) {
    throw new ArgumentError(`${what} is ${describeValue(array)}, expected { dtype, shape, data }`);
  }
  const { dtype, shape, data } = array;
  if (!Array.isArray(shape) || !shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw new ArgumentError(`${what} has shape ${describeValue(shape)}, expected a list of lengths`);
  }
  if (!isDataOf(dtype, data)) {
    throw new ArgumentError(
      `${what} is ${describeValue(dtype)} with ${describeValue(data)} of elements; see NamedArray`,
    );
  }
  if (data.length !== sizeOf(shape)) {
    const wanted = `${sizeOf(shape)} elements for shape ${formatShape(shape)}`;
    throw new ArgumentError(`${what} has ${data.length} elements, expected ${wanted}`);
  }
  return { dtype, shape, data };
}

/** Checks arrays by name, in order. */
export function checkedArrays(call: string, arrays: NamedArrays): (readonly [name: string, array: NamedArray])[] {
  if (typeof arrays !== 'object' || arrays === null || Array.isArray(arrays)) {
    throw new ArgumentError(`${call}: expected arrays by name, { weight: w }, got ${describeValue(arrays)}`);
  }
  return Object.entries(arrays).map(([name, array]) => [name, checkedArray(call, name, array)]);
}
