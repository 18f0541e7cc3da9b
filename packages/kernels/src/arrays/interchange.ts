import type { NdArray as Foreign } from 'ndarray';
import { DTypeError } from '../error-classes.ts';
import { empty, NdArray } from './array.ts';
import { assign } from './copy.ts';
import { checkNumbers, type Data, type DType, dtypeFor, hasNumber, isFloat, storedDType } from './dtype.ts';
import { forEachRun } from './iterate.ts';

/** An `ndarray` from the `ndarray` package, with tapegrad's element types. */
export type ForeignNdArray = Foreign<Data>;

function checkEntries(x: NdArray, dtype: DType): void {
  if (isFloat(dtype)) return;
  forEachRun(x.shape, [x], (length, [from], [step]) => {
    for (let i = 0; i < length; i++) {
      const value = x.data[from! + i * step!]!;
      if (!hasNumber(dtype, value)) throw new DTypeError(`fromNdarray: an entry is ${value}, not ${dtype}`);
    }
  });
}

/**
 * Converts an `ndarray` to an `NdArray`. Copies only if the requested element type differs from the stored one.
 *
 * An `ndarray` over a `Uint8Array` needs a `dtype`: `bool` for a mask, which is not copied, or another type for bytes
 * such as image data. An `ndarray` over other integers, except int32, needs a `dtype` as well.
 *
 * @throws DTypeError if the storage is not a typed array of numbers, or if the dtype can't hold an entry. Also thrown
 * if the storage's element type requires a dtype and none is given.
 */
export function fromNdarray(x: ForeignNdArray, dtype?: DType): NdArray {
  checkNumbers('fromNdarray', x.data);
  const stored = storedDType(x.data);
  const wanted = dtypeFor('fromNdarray', x.data, dtype);
  const array = new NdArray(x.data, stored ?? wanted, [...x.shape], [...x.stride], x.offset);
  if (wanted !== stored || wanted === 'bool') checkEntries(array, wanted);
  return wanted === stored ? array : assign(empty(array.shape, wanted), array);
}
