/** Converts elements in files to arrays of tapegrad's dtypes. */

import type { Data, DType } from '@tapegrad/core';
import { ELEMENT_TYPES, type ElementType, type IntegerOptions } from './element-types.ts';
import { e4m3, e4m3fnuz, e5m2, e5m2fnuz, e8m0, halves } from './small-floats.ts';

/** The storage of elements in a file, and the allowed conversions. */
export interface DecodeOptions extends IntegerOptions {
  /** Whether the numbers in the file are little-endian. Defaults to true. */
  readonly littleEndian?: boolean;
  /** Whether nothing else uses the bytes, so that the result may be a view of them. Defaults to false. */
  readonly owned?: boolean;
}

/** Throws the error for an element; `offset` counts bytes from the first element. */
export type Refuse = (message: string, offset: number) => never;

/** Elements and their dtype. */
export interface Elements {
  readonly dtype: DType;
  readonly data: Data;
}

/** Whether this machine is little-endian. */
export const isLittleEndianHost = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Reverses the bytes of each element in place. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  for (let start = 0; start < bytes.length; start += size) bytes.subarray(start, start + size).reverse();
}

/** Returns the bytes in this machine's byte order, at the start of a buffer that contains nothing else. */
function ownBytes(bytes: Uint8Array, size: number, { littleEndian = true, owned = false }: DecodeOptions): Uint8Array {
  const isSwapped = size > 1 && littleEndian !== isLittleEndianHost;
  const isAligned = bytes.byteOffset % 8 === 0;
  const own = owned && isAligned ? bytes : new Uint8Array(bytes);
  if (isSwapped) swapBytes(own, size);
  return own;
}

const tables = {
  float16: halves,
  float8_e4m3fn: e4m3,
  float8_e5m2: e5m2,
  float8_e4m3fnuz: e4m3fnuz,
  float8_e5m2fnuz: e5m2fnuz,
  float8_e8m0fnu: e8m0,
} as const;

function lookUp(table: Float32Array, indices: Uint8Array | Uint16Array): Float32Array {
  const data = new Float32Array(indices.length);
  for (let i = 0; i < data.length; i++) data[i] = table[indices[i]!]!;
  return data;
}

function fromBfloat(halfWords: Uint16Array): Float32Array {
  const data = new Float32Array(halfWords.length);
  const bits = new Uint32Array(data.buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = halfWords[i]! << 16;
  return data;
}

function checkedBools(bytes: Uint8Array, refuse: Refuse): Uint8Array {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i]! > 1) refuse(`expected bools of 0 and 1, got ${bytes[i]}`, i);
  }
  return bytes;
}

/** Converts integers that may be outside the range of int32. */
function fromWide(
  type: 'int64' | 'uint64' | 'uint32',
  bytes: Uint8Array,
  { int64 = 'int32' }: IntegerOptions,
  refuse: Refuse,
): Elements {
  const { buffer, byteOffset } = bytes;
  const size = ELEMENT_TYPES[type].bytes;
  const length = bytes.length / size;
  const values =
    type === 'uint32'
      ? new Uint32Array(buffer, byteOffset, length)
      : type === 'int64'
        ? new BigInt64Array(buffer, byteOffset, length)
        : new BigUint64Array(buffer, byteOffset, length);
  if (int64 === 'float64') return { dtype: 'float64', data: Float64Array.from(values as Uint32Array, Number) };
  const data = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    const value = Number(values[i]!);
    data[i] = value;
    if (data[i] !== value) {
      refuse(`int32 cannot hold the ${type} value ${values[i]}; read it with { int64: 'float64' }`, i * size);
    }
  }
  return { dtype: 'int32', data };
}

/**
 * Converts elements of a file. Numbers that can't be represented exactly are an error, except that `int64: 'float64'`
 * may round.
 *
 * @param bytes The bytes of the elements, and no others.
 */
export function decodeElements(type: ElementType, bytes: Uint8Array, options: DecodeOptions, refuse: Refuse): Elements {
  const size = ELEMENT_TYPES[type].bytes;
  const own = ownBytes(bytes, size, options);
  const { buffer, byteOffset } = own;
  const length = own.length / size;
  switch (type) {
    case 'float64':
      return { dtype: 'float64', data: new Float64Array(buffer, byteOffset, length) };
    case 'float32':
      return { dtype: 'float32', data: new Float32Array(buffer, byteOffset, length) };
    case 'int32':
      return { dtype: 'int32', data: new Int32Array(buffer, byteOffset, length) };
    case 'bool':
      return { dtype: 'bool', data: checkedBools(own, refuse) };
    case 'bfloat16':
      return { dtype: 'float32', data: fromBfloat(new Uint16Array(buffer, byteOffset, length)) };
    case 'int16':
      return { dtype: 'int32', data: Int32Array.from(new Int16Array(buffer, byteOffset, length)) };
    case 'uint16':
      return { dtype: 'int32', data: Int32Array.from(new Uint16Array(buffer, byteOffset, length)) };
    case 'int8':
      return { dtype: 'int32', data: Int32Array.from(new Int8Array(buffer, byteOffset, length)) };
    case 'uint8':
      return { dtype: 'int32', data: Int32Array.from(own) };
    case 'int64':
    case 'uint64':
    case 'uint32':
      return fromWide(type, own, options, refuse);
    default: {
      const indices = type === 'float16' ? new Uint16Array(buffer, byteOffset, length) : own;
      return { dtype: 'float32', data: lookUp(tables[type](), indices) };
    }
  }
}
