/** Converts arrays of tapegrad to elements in files. */

import { ArgumentError, type Data, type DType } from '@tapegrad/core';
import type { NamedArray } from '../named-array.ts';
import { isLittleEndianHost, swapBytes } from './decode.ts';
import { ELEMENT_TYPES, isFloatType, type WritableType } from './element-types.ts';
import { toBfloat, toHalf } from './small-floats.ts';

const integers = {
  int64: [-(2 ** 63), 2 ** 63 - 1024],
  uint64: [0, 2 ** 64 - 2048],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint16: [0, 2 ** 16 - 1],
  int8: [-128, 127],
  uint8: [0, 255],
  bool: [0, 1],
} as const;

type IntegerType = keyof typeof integers;

const isFloatDType = (dtype: DType): boolean => dtype.startsWith('float');

const arrays = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function refused(call: string, name: string, type: WritableType, value: number, index: number): never {
  throw new ArgumentError(
    `${call}: entry ${index} of '${name}' is ${value}, which ${type} cannot represent; write it as another type`,
  );
}

/** Converts integers to an integer type of the file. */
function toIntegers(call: string, name: string, type: IntegerType, data: Data): Uint8Array {
  const [low, high] = integers[type];
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (!(Number.isInteger(value) && value >= low && value <= high)) refused(call, name, type, value, i);
  }
  if (type !== 'int64' && type !== 'uint64') return bytesOf(arrays[type].from(data));
  const bigs = new BigInt64Array(data.length);
  for (let i = 0; i < data.length; i++) bigs[i] = BigInt(data[i]!);
  return bytesOf(bigs);
}

/** Converts numbers to a floating-point type of a file, rounded to the nearest. */
function toFloats(call: string, name: string, type: WritableType, { data, dtype }: NamedArray): Uint8Array {
  const round = { float16: toHalf, bfloat16: toBfloat, float32: Math.fround, float64: Number }[type as 'float16'];
  const isHalf = type === 'float16' || type === 'bfloat16';
  const result = isHalf ? new Uint16Array(data.length) : new arrays[type as 'float32'](data.length);
  const infinity = isHalf ? round(Infinity) : Infinity;
  const isExact = !isFloatDType(dtype);
  // Integers that have no more bits than the mantissa are exact.
  const largest = { float16: 2 ** 11, bfloat16: 2 ** 8, float32: 2 ** 24, float64: 2 ** 53 }[type as 'float16'];
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    const rounded = round(value);
    result[i] = rounded;
    const isOverflow = (isHalf ? rounded & 0x7fff : Math.abs(rounded)) === infinity && Number.isFinite(value);
    if (isOverflow || (isExact && Math.abs(value) > largest)) refused(call, name, type, value, i);
  }
  return bytesOf(result);
}

/**
 * Converts the elements of an array to little-endian elements of a file. Floats are rounded to the nearest number of a
 * narrower type; all other conversions are exact, or an error.
 *
 * @returns bytes, which may be a view of the array's elements.
 * @throws ArgumentError for a number that is outside the range of the type, or would become infinite.
 */
export function encodeElements(call: string, name: string, type: WritableType, array: NamedArray): Uint8Array {
  const { data, dtype } = array;
  const bytes =
    type === dtype
      ? bytesOf(data)
      : isFloatType(type)
        ? toFloats(call, name, type, array)
        : toIntegers(call, name, type as IntegerType, data);
  const { bytes: size } = ELEMENT_TYPES[type];
  if (isLittleEndianHost || size === 1) return bytes;
  const swapped = bytes.slice();
  swapBytes(swapped, size);
  return swapped;
}
