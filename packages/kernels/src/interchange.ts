import type ndarray from 'ndarray';
import { NdArray } from './array.ts';
import { type Data, dtypeOf } from './dtype.ts';

/** An `ndarray` from the package of that name, over the element types that tapegrad knows. */
export type ForeignNdArray = ndarray.NdArray<Data>;

/** An `ndarray` as an array of ours, without a copy. Throws `DTypeError` for storage that tapegrad does not know. */
export const fromNdarray = (x: ForeignNdArray): NdArray =>
  new NdArray(x.data, dtypeOf('fromNdarray', x.data), [...x.shape], [...x.stride], x.offset);
