/**
 * The IDX format, in which MNIST and similar data sets are published.
 *
 * A file consists of two zero bytes, a byte for the element type, a byte for the number of axes, the length of each
 * axis as a 32-bit number, and the elements in row-major order. All numbers are big-endian. It may be compressed with
 * gzip. Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section "File formats".
 */

import { ArgumentError, type Shape } from '@tapegrad/core';
import { checkOptions, formatShape, sizeOf } from '@tapegrad/core/extend';
import { gunzip, isGzip } from '../compression/gunzip.ts';
import { FormatError } from '../format-error.ts';
import type { Bytes } from '../join-bytes.ts';

/** The typed arrays that hold the elements of an IDX file. */
export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** The contents of an IDX file, with the elements as they are stored. */
export interface IdxArray {
  readonly shape: Shape;
  /** The elements in row-major order. */
  readonly data: IdxData;
}

/** The options of `decodeIdx`. */
export interface IdxOptions {
  /** The name of the file in messages. Defaults to `bytes`. */
  readonly name?: string;
  /** The maximum size of the decompressed file in bytes. Defaults to 1 GiB. */
  readonly maxBytes?: number;
}

/** An element type: its typed array, and functions that read and write an element. */
interface ElementType {
  readonly ElementArray: new (length: number) => IdxData;
  readonly bytes: number;
  read(view: DataView, offset: number): number;
  write(view: DataView, offset: number, value: number): void;
}

const ELEMENT_TYPES: ReadonlyMap<number, ElementType> = new Map([
  [8, { ElementArray: Uint8Array, bytes: 1, read: (v, i) => v.getUint8(i), write: (v, i, x) => v.setUint8(i, x) }],
  [9, { ElementArray: Int8Array, bytes: 1, read: (v, i) => v.getInt8(i), write: (v, i, x) => v.setInt8(i, x) }],
  [11, { ElementArray: Int16Array, bytes: 2, read: (v, i) => v.getInt16(i), write: (v, i, x) => v.setInt16(i, x) }],
  [12, { ElementArray: Int32Array, bytes: 4, read: (v, i) => v.getInt32(i), write: (v, i, x) => v.setInt32(i, x) }],
  [
    13,
    { ElementArray: Float32Array, bytes: 4, read: (v, i) => v.getFloat32(i), write: (v, i, x) => v.setFloat32(i, x) },
  ],
  [
    14,
    { ElementArray: Float64Array, bytes: 8, read: (v, i) => v.getFloat64(i), write: (v, i, x) => v.setFloat64(i, x) },
  ],
] satisfies [number, ElementType][]);

/** The default size limit, enough for every published data set: the largest file of MNIST has 47 MB. */
const MAX_BYTES = 2 ** 30;

/** The maximum number of axes: it is stored in one byte. */
const MAX_AXES = 255;

/**
 * Decodes the bytes of an IDX file, compressed with gzip or not. The elements are returned in the type in which they
 * are stored: `tensor(data, { shape, dtype })` makes a tensor of them.
 *
 * @throws FormatError for a file that is truncated, has extra bytes, decompresses to more than `maxBytes`, or has an
 *   invalid header.
 * @example
 * const bytes = encodeIdx({ shape: [2, 2], data: Uint8Array.of(0, 1, 2, 255) });
 * const { shape, data } = decodeIdx(bytes);
 * const pixels = tensor(data, { shape, dtype: 'float32' }).div(255);
 * pixels.toArray(); // [[0, 0.003922], [0.007843, 1]]
 */
export function decodeIdx(bytes: Uint8Array, options: IdxOptions = {}): IdxArray {
  checkOptions('decodeIdx', options, ['name', 'maxBytes']);
  const { name = 'bytes', maxBytes = MAX_BYTES } = options;
  const file = isGzip(bytes) ? gunzip(bytes, { name, maxBytes }) : bytes;
  const wrong = (message: string, offset: number) => new FormatError(name, message, offset);
  if (file.length > maxBytes) throw wrong(`expected at most ${maxBytes} bytes, got ${file.length}`, maxBytes);
  if (file.length < 4) throw wrong(`expected an IDX header of at least 4 bytes, got ${file.length} bytes`, file.length);

  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (view.getUint16(0) !== 0) throw wrong(`expected an IDX file, which begins with 00 00, got ${hex(file)}`, 0);
  const code = view.getUint8(2);
  const type = ELEMENT_TYPES.get(code);
  if (type === undefined) {
    throw wrong(`expected element type ${[...ELEMENT_TYPES.keys()].join(', ')}, got ${code}`, 2);
  }
  const rank = view.getUint8(3);
  if (rank === 0) throw wrong('expected at least one axis, got 0', 3);
  const start = 4 + 4 * rank;
  if (file.length < start) {
    throw wrong(`truncated: ${rank} axes need a header of ${start} bytes, got ${file.length}`, file.length);
  }

  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // The product may be too large for a double to represent exactly, but then it is larger than any file, too.
  const length = shape.includes(0) ? 0 : sizeOf(shape);
  const expected = start + length * type.bytes;
  if (file.length !== expected) {
    const fault = file.length < expected ? 'truncated' : 'too long';
    throw wrong(`${fault}: shape ${formatShape(shape)} needs ${expected} bytes, got ${file.length}`, file.length);
  }
  const data = new type.ElementArray(length);
  if (data instanceof Uint8Array) data.set(file.subarray(start));
  else for (let i = 0; i < length; i++) data[i] = type.read(view, start + i * type.bytes);
  return { shape, data };
}

/**
 * Encodes an array as the bytes of an IDX file. The elements keep their type; the elements of a bool tensor are written
 * as bytes 0 and 1.
 *
 * @throws ArgumentError for an array without axes or with more than 255, an axis of length 2^32 or more, and an element
 *   type that the format doesn't have.
 * @example
 * encodeIdx(tensor([1, 2, 3])).length; // 20
 */
export function encodeIdx({ shape, data }: IdxArray): Bytes {
  const found = [...ELEMENT_TYPES].find(([, { ElementArray }]) => data instanceof ElementArray);
  if (found === undefined) {
    const names = [...ELEMENT_TYPES.values()].map(({ ElementArray }) => ElementArray.name).join(', ');
    throw new ArgumentError(`encodeIdx: expected data of type ${names}, got ${Object(data).constructor.name}`);
  }
  if (shape.length === 0 || shape.length > MAX_AXES) {
    const mend = shape.length === 0 ? '; reshape a scalar to [1]' : '';
    throw new ArgumentError(`encodeIdx: expected 1 to ${MAX_AXES} axes, got ${shape.length}${mend}`);
  }
  if (!shape.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < 2 ** 32) || sizeOf(shape) !== data.length) {
    throw new ArgumentError(`encodeIdx: shape ${formatShape(shape)} does not fit ${data.length} elements`);
  }
  const [code, { bytes, write }] = found;
  const start = 4 + 4 * shape.length;
  const file = new Uint8Array(start + data.length * bytes);
  const view = new DataView(file.buffer);
  file.set([0, 0, code, shape.length]);
  for (const [axis, length] of shape.entries()) view.setUint32(4 + 4 * axis, length);
  if (data instanceof Uint8Array) file.set(data, start);
  else for (let i = 0; i < data.length; i++) write(view, start + i * bytes, data[i]!);
  return file;
}

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
