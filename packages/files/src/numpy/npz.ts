/** Several arrays of NumPy in a ZIP file. */

import { ArgumentError } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { zipSync } from 'fflate';
import type { IntegerOptions } from '../elements/element-types.ts';
import { FormatError } from '../format-error.ts';
import { checkedArrays, type NamedArray, type NamedArrays } from '../named-array.ts';
import { openZip } from '../zip/zip.ts';
import { decodeNpy, encodeNpy, type NumpyType } from './npy.ts';

/** The options of reading several arrays of NumPy. */
export interface NpzReadOptions extends IntegerOptions {
  /** The name of the file in messages. Defaults to `arrays.npz`. */
  readonly name?: string;
  /** The most bytes that all arrays may unpack to. Defaults to 4 GiB. */
  readonly maxBytes?: number;
}

/** The options of writing several arrays of NumPy. */
export interface NpzWriteOptions {
  /** The element type of an array. Defaults to its dtype. */
  readonly as?: (name: string, array: NamedArray) => NumpyType | undefined;
  /** Whether to pack the arrays, as `numpy.savez_compressed` does. Defaults to false. */
  readonly compress?: boolean;
}

/** What a ZIP file without ZIP64 can have. */
const MAX_BYTES = 2 ** 32 - 2 ** 20;

/**
 * Reads the bytes of a file of `numpy.savez` or `numpy.savez_compressed`. See `decodeNpy` for what the types become.
 *
 * @throws FormatError for another file, one whose bytes were changed, and one that unpacks to more than `maxBytes`.
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
 * Returns the bytes of a file of arrays as `numpy.load` reads it.
 *
 * @throws ArgumentError for arrays that aren't whole, a number that a type lacks, and more than 4 GB.
 * @example
 * const bytes = encodeNpz({ x: tensor([1.5]) });
 * [...decodeNpz(bytes).x!.data]; // [1.5]
 */
export function encodeNpz(arrays: NamedArrays, options: NpzWriteOptions = {}): Uint8Array<ArrayBuffer> {
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
  // The same arrays give the same bytes: no date, as NumPy has none.
  const zipped = zipSync(Object.fromEntries(files), { level: compress ? 6 : 0, mtime: new Date(1980, 0, 1) });
  return zipped as Uint8Array<ArrayBuffer>;
}
