/** The NPZ format: several NumPy arrays in a ZIP file. */

import { ArgumentError } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { zipSync } from 'fflate';
import type { IntegerOptions } from '../elements/element-types.ts';
import { FormatError } from '../format-error.ts';
import type { Bytes } from '../join-bytes.ts';
import { checkedArrays, type NamedArray, type NamedArrays } from '../named-array.ts';
import { openZip } from '../zip/zip.ts';
import { decodeNpy, encodeNpy, type NumpyType } from './npy.ts';

/** The options of `decodeNpz`. */
export interface NpzReadOptions extends IntegerOptions {
  /** The name of the file in messages. Defaults to `arrays.npz`. */
  readonly name?: string;
  /** The maximum size of all arrays together, decompressed, in bytes. Defaults to 4 GiB. */
  readonly maxBytes?: number;
}

/** The options of `encodeNpz`. */
export interface NpzWriteOptions {
  /** Returns the element type for an array. Defaults to its dtype. */
  readonly as?: (name: string, array: NamedArray) => NumpyType | undefined;
  /** Whether to compress the arrays, as `numpy.savez_compressed` does. Defaults to false. */
  readonly compress?: boolean;
}

/** The maximum size of a ZIP file without the ZIP64 extension. */
const MAX_BYTES = 2 ** 32 - 2 ** 20;

/**
 * Decodes the bytes of a file that `numpy.savez` or `numpy.savez_compressed` wrote. See `decodeNpy` for the conversion
 * of types.
 *
 * @throws FormatError for a file of another format, one that has been altered, and one that decompresses to more than
 *   `maxBytes`.
 * @example
 * const bytes = encodeNpz({ x: tensor([1, 2]), y: tensor([3]) }, { compress: true });
 * Object.keys(decodeNpz(bytes)); // ['x', 'y']
 */
export function decodeNpz(bytes: Uint8Array, options: NpzReadOptions = {}): NamedArrays {
  checkOptions('decodeNpz', options, ['name', 'maxBytes', 'int64']);
  const { name: file = 'arrays.npz', maxBytes = 2 ** 32, int64 = 'int32' } = options;
  const zip = openZip(bytes, file, maxBytes);
  const arrays = Array.from(zip.entries.values(), (entry): readonly [string, NamedArray] => {
    const { name } = entry;
    if (!name.endsWith('.npy'))
      throw new FormatError(file, `expected arrays, got a file '${name}'`, entry.headerOffset);
    const array = decodeNpy(zip.read(entry), { name: `${file}: ${name}`, int64 });
    return [name.slice(0, -'.npy'.length), array];
  });
  return Object.fromEntries(arrays);
}

/**
 * Encodes arrays as the bytes of a file for `numpy.load`.
 *
 * @throws ArgumentError if the elements of an array don't fit its dtype and shape, if a number is outside the range of
 *   its type, and for more than 4 GB.
 * @example
 * const bytes = encodeNpz({ x: tensor([1.5]) });
 * [...decodeNpz(bytes).x!.data]; // [1.5]
 */
export function encodeNpz(arrays: NamedArrays, options: NpzWriteOptions = {}): Bytes {
  checkOptions('encodeNpz', options, ['as', 'compress']);
  const { as, compress = false } = options;
  if (as !== undefined && typeof as !== 'function') {
    throw new ArgumentError(
      `encodeNpz: as is ${describeValue(as)}, expected a function that returns a type for a name`,
    );
  }
  const files = checkedArrays('encodeNpz', arrays).map(([name, array]) => {
    const type = as?.(name, array);
    return [`${name}.npy`, encodeNpy(array, type === undefined ? {} : { as: type })] as const;
  });
  const total = files.reduce((sum, [name, { length }]) => sum + length + 2 * name.length + 100, 0);
  if (total > MAX_BYTES)
    throw new ArgumentError(`encodeNpz: ${total} bytes are more than a ZIP file has; write several`);
  // The date is fixed, as in NumPy, so that the same arrays give the same bytes.
  const zipped = zipSync(Object.fromEntries(files), { level: compress ? 6 : 0, mtime: new Date(1980, 0, 1) });
  return zipped as Bytes;
}
