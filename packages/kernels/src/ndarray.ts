/**
 * The way out to the package `ndarray`: an entry point of its own, since that package generates code, and only programs
 * that use it should load it.
 */

import ndarray from 'ndarray';
import type { NdArray } from './arrays/array.ts';
import type { ForeignNdArray } from './arrays/interchange.ts';

/**
 * An array of ours, such as a tensor's, as an `ndarray`, without a copy; not to be written to while a tensor has it.
 *
 * The package generates its accessors with `new Function`, so this throws where code generation is not allowed.
 *
 * @example
 * toNdarray(new NdArray(Float32Array.of(1, 2, 3, 4), 'float32', [2, 2])).get(1, 0); // 3
 */
export const toNdarray = (x: NdArray): ForeignNdArray => ndarray(x.data, [...x.shape], [...x.stride], x.offset);
