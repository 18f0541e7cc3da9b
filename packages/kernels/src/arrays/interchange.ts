import type { NdArray as Foreign } from 'ndarray';
import { DTypeError } from '../errors.ts';
import { empty, NdArray } from './array.ts';
import { assign } from './copy.ts';
import { checkNumbers, type Data, type DType, dtypeFor, hasNumber, isFloat, storedDType } from './dtype.ts';
import { forEachRun } from './iterate.ts';

/** An `ndarray` from the package of that name, over the element types that tapegrad knows. */
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
 * An `ndarray` as an array of ours: without a copy, unless it stores elements of another type than is asked for. One over a
 * `Uint8Array` needs a `dtype`: `bool` for a mask, which is not copied, another for bytes such as those of images. So does one over
 * other integers.
 *
 * @throws DTypeError for storage that is no typed array of numbers, for storage of another type than ours without a dtype, and for
 * entries that the dtype does not have.
 */
export function fromNdarray(x: ForeignNdArray, dtype?: DType): NdArray {
  checkNumbers('fromNdarray', x.data);
  const stored = storedDType(x.data);
  const wanted = dtypeFor('fromNdarray', x.data, dtype);
  const array = new NdArray(x.data, stored ?? wanted, [...x.shape], [...x.stride], x.offset);
  if (wanted !== stored || wanted === 'bool') checkEntries(array, wanted);
  return wanted === stored ? array : assign(empty(array.shape, wanted), array);
}
