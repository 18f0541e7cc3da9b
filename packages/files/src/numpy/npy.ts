/**
 * The NPY format, NumPy's format for one array. Source:
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */

import { ArgumentError, type Shape } from '@tapegrad/core';
import { checkOptions, describeValue, sizeOf } from '@tapegrad/core/extend';
import { decodeElements } from '../elements/decode.ts';
import { ELEMENT_TYPES, type ElementType, type IntegerOptions } from '../elements/element-types.ts';
import { encodeElements } from '../elements/encode.ts';
import { FormatError } from '../format-error.ts';
import { type Bytes, joinBytes } from '../join-bytes.ts';
import { checkedArray, type NamedArray } from '../named-array.ts';

/** The element types of NumPy, by letter and size in bytes. */
const TYPES = {
  f8: 'float64',
  f4: 'float32',
  f2: 'float16',
  i8: 'int64',
  i4: 'int32',
  i2: 'int16',
  i1: 'int8',
  u8: 'uint64',
  u4: 'uint32',
  u2: 'uint16',
  u1: 'uint8',
  b1: 'bool',
} as const satisfies Readonly<Record<string, ElementType>>;

/** NumPy's name of an element type that can be written. */
export type NumpyType = (typeof TYPES)[keyof typeof TYPES];

/** The options of `decodeNpy`. */
export interface NpyReadOptions extends IntegerOptions {
  /** The name of the file in messages. Defaults to `array.npy`. */
  readonly name?: string;
}

/** The options of `encodeNpy`. */
export interface NpyWriteOptions {
  /** The element type. Defaults to the array's dtype. */
  readonly as?: NumpyType;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** The size of the magic bytes and the version. */
const VERSION_END = 8;
/** The maximum size of a header, the same limit that NumPy has for untrusted files. */
const MAX_HEADER_BYTES = 10_000;
/** The offset of the elements is a multiple of this number of bytes. */
const ALIGNMENT = 64;

interface Header {
  readonly type: ElementType;
  readonly littleEndian: boolean;
  readonly isFortran: boolean;
  readonly shape: Shape;
  /** The offset of the first element. */
  readonly start: number;
}

/** Matches the header as NumPy writes it: a Python dict with three keys. */
const DICT = /^\{\s*(?:'(?:descr|fortran_order|shape)':\s*(?:'[^']*'|True|False|\([\d,\sL]*\))\s*(?:,\s*)?){3}\}\s*$/;

function parseHeader(bytes: Uint8Array, file: string): Header {
  const wrong = (message: string, offset = 0) => new FormatError(file, message, offset);
  if (!MAGIC.every((byte, i) => bytes[i] === byte))
    throw wrong('expected an array of NumPy, which begins with \\x93NUMPY');
  const major = bytes[6];
  if (bytes.length < 12 || !(major === 1 || major === 2 || major === 3)) {
    throw wrong(`expected version 1, 2 or 3 of the format, got ${major ?? 'nothing'}`, 6);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [length, begin] = major === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  if (length > MAX_HEADER_BYTES)
    throw wrong(`expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${length}`, 8);
  const start = begin + length;
  if (start > bytes.length) throw wrong(`truncated: the header ends at byte ${start}, the file at ${bytes.length}`, 8);
  const text = new TextDecoder(major === 3 ? 'utf-8' : 'latin1').decode(bytes.subarray(begin, start));
  const field = (name: string, pattern: string): string | undefined =>
    new RegExp(`'${name}':\\s*(${pattern})`).exec(text)?.[1];
  if (/'descr':\s*\[/.test(text))
    throw wrong("arrays of records can't be read, expected floats, integers or bools", begin);
  const descr = field('descr', "'[^']*'");
  const order = field('fortran_order', 'True|False');
  const lengths = field('shape', '\\([\\d,\\sL]*\\)');
  if (!DICT.test(text) || descr === undefined || order === undefined || lengths === undefined) {
    throw wrong(`expected a header with descr, fortran_order and shape, got ${describeValue(text.trim())}`, begin);
  }
  const [, endian, code = ''] = /^'([<>|=])(\w+)'$/.exec(descr) ?? [];
  if (!Object.hasOwn(TYPES, code)) {
    const hint = /^'[|<>=]?V2'$/.test(descr) ? '; bfloat16 of ml_dtypes can be written as float32' : '';
    throw wrong(`arrays of ${descr} can't be read, expected floats, integers or bools${hint}`, begin);
  }
  const shape = Array.from(lengths.matchAll(/\d+/g), ([digits]) => Number(digits));
  if (!shape.every(Number.isSafeInteger)) throw wrong(`expected a shape of lengths, got ${lengths}`, begin);
  return {
    type: TYPES[code as keyof typeof TYPES],
    littleEndian: endian !== '>',
    isFortran: order === 'True',
    shape,
    start,
  };
}

/** Converts elements from column-major order (Fortran's) to row-major order. */
function rowMajor(bytes: Uint8Array, shape: Shape, size: number): Uint8Array {
  if (shape.length < 2) return bytes;
  const result = new Uint8Array(bytes.length);
  const strides = shape.map((_, axis) => size * sizeOf(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < bytes.length; to += size) {
    for (let i = 0; i < size; i++) result[to + i] = bytes[from + i]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

/**
 * Decodes the bytes of a file that `numpy.save` wrote. Arrays in Fortran order are converted to row-major order, and
 * big-endian elements to this machine's byte order.
 *
 * float16 becomes float32, and integers become int32; for integers of 64 bits, see `decodeSafetensors`. Other types are
 * an error.
 *
 * @throws FormatError for a file of another format, one that is truncated or too long, or one with another element
 *   type.
 * @example
 * const bytes = encodeNpy(tensor([[1, 2], [3, 4]]), { as: 'float16' });
 * [...decodeNpy(bytes).data]; // [1, 2, 3, 4]
 */
export function decodeNpy(bytes: Uint8Array, options: NpyReadOptions = {}): NamedArray {
  checkOptions('decodeNpy', options, ['name', 'int64']);
  const { name: file = 'array.npy', int64 = 'int32' } = options;
  const { type, littleEndian, isFortran, shape, start } = parseHeader(bytes, file);
  const { bytes: size } = ELEMENT_TYPES[type];
  const wanted = shape.reduce((product, length) => product * length, size);
  if (wanted !== bytes.length - start) {
    const got = `${bytes.length - start} after the header`;
    throw new FormatError(file, `${type} of shape (${shape.join(', ')}) needs ${wanted} bytes, got ${got}`, start);
  }
  const elements = bytes.subarray(start);
  const ordered = isFortran ? rowMajor(elements, shape, size) : elements;
  const refuse = (message: string, at: number): never => {
    throw new FormatError(file, message, start + (ordered === elements ? at : 0));
  };
  return { ...decodeElements(type, ordered, { littleEndian, int64 }, refuse), shape };
}

const CODES = Object.fromEntries(Object.entries(TYPES).map(([code, type]) => [type, code]));

/** Returns the bytes of a file with an array, in consecutive pieces. */
export function npyParts(call: string, array: NamedArray, options: NpyWriteOptions = {}): Uint8Array[] {
  checkOptions(call, options, ['as']);
  const own = checkedArray(call, 'array', array);
  const { as = own.dtype } = options;
  if (!Object.hasOwn(CODES, as)) {
    throw new ArgumentError(
      `${call}: can't write ${describeValue(as)}, expected one of ${Object.keys(CODES).join(', ')}`,
    );
  }
  const elements = encodeElements(call, 'array', as, own);
  const code = CODES[as]!;
  const shape = own.shape.length === 1 ? `(${own.shape[0]},)` : `(${own.shape.join(', ')})`;
  const dict = `{'descr': '${code.endsWith('1') ? '|' : '<'}${code}', 'fortran_order': False, 'shape': ${shape}, }`;
  const begin = VERSION_END + 2;
  const start = Math.ceil((begin + dict.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = new TextEncoder().encode(`${dict.padEnd(start - begin - 1)}\n`);
  const prefix = Uint8Array.of(...MAGIC, 1, 0, header.length & 255, header.length >> 8);
  return [prefix, header, elements];
}

/**
 * Encodes an array as the bytes of a file for `numpy.load`.
 *
 * @throws ArgumentError if the elements of the array don't fit its dtype and shape, or a number is outside the range of
 *   the type.
 * @example
 * encodeNpy(tensor([1, 2, 3])).length; // 140
 */
export const encodeNpy = (array: NamedArray, options: NpyWriteOptions = {}): Bytes =>
  joinBytes(npyParts('encodeNpy', array, options));
