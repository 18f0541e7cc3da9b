/** Reading and writing NumPy files in Node. */

import { checkOptions } from '@tapegrad/core/extend';
import { writeFileAtomic } from '../atomic/atomic.ts';
import type { IntegerOptions } from '../elements/element-types.ts';
import type { NamedArray, NamedArrays } from '../named-array.ts';
import { decodeNpy, type NpyWriteOptions, npyParts } from '../numpy/npy.ts';
import { decodeNpz, encodeNpz, type NpzWriteOptions } from '../numpy/npz.ts';
import { type ReadOptions, readBytes } from '../sources/file-source.ts';

/** The options of `readNpy` and `readNpz`. */
export interface ReadNumpyOptions extends IntegerOptions, ReadOptions {}

/**
 * Reads an array that `numpy.save` wrote; see `decodeNpy`.
 *
 * @throws FormatError for the same reasons as `decodeNpy`, and for a file that is missing or larger than `maxBytes`.
 * @example
 * writeNpy('/tmp/x.npy', tensor([[1, 2]]));
 * readNpy('/tmp/x.npy').shape; // [1, 2]
 */
export function readNpy(path: string, options: ReadNumpyOptions = {}): NamedArray {
  checkOptions('readNpy', options, ['int64', 'maxBytes']);
  const { int64 = 'int32', ...limits } = options;
  return decodeNpy(readBytes(path, limits), { name: path, int64 });
}

/**
 * Writes an array to a file for `numpy.load`, atomically; see `encodeNpy`.
 *
 * @example
 * writeNpy('/tmp/mask.npy', tensor([true, false]));
 */
export function writeNpy(path: string, array: NamedArray, options: NpyWriteOptions = {}): void {
  writeFileAtomic(path, npyParts('writeNpy', array, options));
}

/**
 * Reads a file of arrays that `numpy.savez` wrote; see `decodeNpz`.
 *
 * @throws FormatError for the same reasons as `decodeNpz`, and for a file that is missing or larger than `maxBytes`.
 * @example
 * writeNpz('/tmp/xy.npz', { x: tensor([1]), y: tensor([2]) });
 * Object.keys(readNpz('/tmp/xy.npz')); // ['x', 'y']
 */
export function readNpz(path: string, options: ReadNumpyOptions = {}): NamedArrays {
  checkOptions('readNpz', options, ['int64', 'maxBytes']);
  const { maxBytes = 2 ** 32 } = options;
  return decodeNpz(readBytes(path, { maxBytes }), { ...options, name: path });
}

/**
 * Writes arrays to a file for `numpy.load`, atomically; see `encodeNpz`.
 *
 * @example
 * writeNpz('/tmp/packed.npz', { x: zeros([100, 100]) }, { compress: true });
 */
export function writeNpz(path: string, arrays: NamedArrays, options: NpzWriteOptions = {}): void {
  writeFileAtomic(path, encodeNpz(arrays, options));
}
