import type { NdArray as Foreign } from 'ndarray';
import { DTypeError } from '../errors.ts';
import { empty, NdArray } from './array.ts';
import { assign } from './copy.ts';
import { type Data, type DType, dtypeFor, dtypeOf, hasNumber, isFloat } from './dtype.ts';
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
 * `Uint8Array` needs a `dtype`: `bool` for a mask, which is not copied, another for bytes such as those of images.
 *
 * @throws DTypeError for storage other than Float32Array, Float64Array, Int32Array and Uint8Array, for a Uint8Array without a
 * dtype, and for entries that the dtype does not have.
 */
export function fromNdarray(x: ForeignNdArray, dtype?: DType): NdArray {
  const stored = dtypeOf('fromNdarray', x.data);
  const wanted = dtypeFor('fromNdarray', x.data, dtype);
  const array = new NdArray(x.data, stored, [...x.shape], [...x.stride], x.offset);
  if (wanted !== stored || wanted === 'bool') checkEntries(array, wanted);
  return wanted === stored ? array : assign(empty(array.shape, wanted), array);
}
