/**
 * Conversion to the `ndarray` package. It has its own entry point, since that package generates code and should be
 * loaded only by programs that use it.
 */

import ndarray from 'ndarray';
import type { NdArray } from './arrays/array.ts';
import type { ForeignNdArray } from './arrays/interchange.ts';

/**
 * Wraps an `NdArray`, such as the array of a tensor, as an `ndarray`, without a copy. Do not write to the result while
 * a tensor uses the array.
 *
 * The package generates its accessors with `new Function`, so this throws if code generation is not allowed.
 *
 * @example
 * toNdarray(new NdArray(Float32Array.of(1, 2, 3, 4), 'float32', [2, 2])).get(1, 0); // 3
 */
export const toNdarray = (x: NdArray): ForeignNdArray => ndarray(x.data, [...x.shape], [...x.stride], x.offset);
