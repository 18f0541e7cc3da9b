/** Reading and writing IDX files in Node. */

import { checkOptions } from '@tapegrad/core/extend';
import { writeFileAtomic } from '../atomic/atomic.ts';
import { readBytes } from '../sources/file-source.ts';
import { decodeIdx, encodeIdx, type IdxArray } from './idx.ts';

/**
 * Reads an IDX file, compressed with gzip or not. See `decodeIdx`.
 *
 * @param options `maxBytes` limits the size of the file, both compressed and decompressed. Defaults to 1 GiB.
 * @throws FormatError for a file that is missing, too large or broken.
 * @example
 * const read = () => readIdx('data/t10k-images-idx3-ubyte.gz').shape; // [10000, 28, 28]
 */
export function readIdx(path: string, options: { readonly maxBytes?: number } = {}): IdxArray {
  checkOptions('readIdx', options, ['maxBytes']);
  const { maxBytes = 2 ** 30 } = options;
  return decodeIdx(readBytes(path, { maxBytes }), { name: path, maxBytes });
}

/**
 * Writes an array to an IDX file, atomically. See `encodeIdx`.
 *
 * @example
 * const keep = () => writeIdx('data/labels-idx1-ubyte', { shape: [3], data: Uint8Array.of(5, 0, 4) });
 */
export function writeIdx(path: string, array: IdxArray): void {
  writeFileAtomic(path, encodeIdx(array));
}
