/** The safetensors format for named tensors, which is common on model hubs and among PyTorch users. */

import { ArgumentError, type Shape } from '@tapegrad/core';
import { checkOptions } from '@tapegrad/core/extend';
import { type DecodeOptions, decodeElements } from '../elements/decode.ts';
import type { ElementType, IntegerOptions, WritableType } from '../elements/element-types.ts';
import { isFloatType } from '../elements/element-types.ts';
import { encodeElements } from '../elements/encode.ts';
import { FormatError } from '../format-error.ts';
import { type Bytes, joinBytes } from '../join-bytes.ts';
import { checkedArrays, type NamedArray, type NamedArrays } from '../named-array.ts';
import {
  CODES,
  headerLength,
  METADATA,
  type Metadata,
  PREFIX_BYTES,
  parseHeader,
  type SafetensorsDType,
  type SafetensorsEntry,
} from './header.ts';

/** The contents of a file: tensors by name, and texts about them. */
export interface Safetensors {
  readonly tensors: NamedArrays;
  readonly metadata: Metadata;
}

/** The options of reading safetensors. */
export interface SafetensorsReadOptions extends IntegerOptions {
  /** The name of the file in messages. Defaults to `safetensors`. */
  readonly name?: string;
}

/** The element types that can be written. */
export type WritableSafetensorsDType = {
  [Code in SafetensorsDType]: (typeof CODES)[Code] extends WritableType ? Code : never;
}[SafetensorsDType];

/** The options of writing safetensors. */
export interface SafetensorsWriteOptions {
  /** Free-form texts about the tensors, by name. */
  readonly metadata?: Metadata;
  /**
   * The element type to write, or a function that returns one for a tensor. A float type applies to float arrays only,
   * an integer type to int32 arrays only; other arrays keep their own type. Defaults to F32, F64, I32 and BOOL,
   * according to the dtypes.
   */
  readonly as?: WritableSafetensorsDType | ((name: string, array: NamedArray) => WritableSafetensorsDType | undefined);
}

const codeOf = Object.fromEntries(Object.entries(CODES).map(([code, type]) => [type, code])) as Readonly<
  Record<ElementType, SafetensorsDType>
>;

/** Returns whether an element type and an array are of the same kind: both floats, or both integers. */
function isOfKind(type: WritableType, { dtype }: NamedArray): boolean {
  if (dtype === 'bool' || type === 'bool') return dtype === type;
  return isFloatType(type) === isFloatType(dtype);
}

function writtenAs(name: string, array: NamedArray, { as }: SafetensorsWriteOptions): WritableType {
  const code = typeof as === 'function' ? as(name, array) : as;
  if (code === undefined) return array.dtype;
  if (!Object.hasOwn(CODES, code) || code.startsWith('F8')) {
    const known = Object.keys(CODES).filter((known) => !known.startsWith('F8'));
    throw new ArgumentError(`encodeSafetensors: can't write '${code}', expected one of ${known.join(', ')}`);
  }
  const type = CODES[code] as WritableType;
  return typeof as === 'function' || isOfKind(type, array) ? type : array.dtype;
}

/** A tensor whose elements are already encoded as bytes of the file. */
export interface RawTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
}

/** Lays out a file: the length of the header, the header, and the elements of each tensor. */
export function layOut(tensors: readonly RawTensor[], metadata: Metadata | undefined): Uint8Array[] {
  const header: [string, unknown][] = metadata === undefined ? [] : [[METADATA, metadata]];
  let end = 0;
  for (const { name, type, shape, bytes } of tensors) {
    const start = end;
    end += bytes.length;
    header.push([name, { dtype: codeOf[type], shape, data_offsets: [start, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Spaces after the header make the elements begin at a multiple of 8.
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  padded.set(json);
  const prefix = new Uint8Array(PREFIX_BYTES);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(padded.length), true);
  return [prefix, padded, ...tensors.map(({ bytes }) => bytes)];
}

/**
 * Returns the bytes of a file of tensors in consecutive pieces, which may be views of the tensors' elements.
 *
 * @param call The name of the call in messages.
 */
export function safetensorsParts(
  call: string,
  tensors: NamedArrays,
  options: SafetensorsWriteOptions = {},
): Uint8Array[] {
  checkOptions(call, options, ['metadata', 'as']);
  const { metadata } = options;
  for (const [name, text] of Object.entries(metadata ?? {})) {
    if (typeof text !== 'string') throw new ArgumentError(`${call}: metadata '${name}' must be a string`);
  }
  const entries = checkedArrays(call, tensors).map(([name, array]) => {
    if (name === METADATA) {
      throw new ArgumentError(`${call}: the name '${METADATA}' is the format's own; rename the tensor`);
    }
    const type = writtenAs(name, array, options);
    return { name, type, shape: array.shape, bytes: encodeElements(call, name, type, array) };
  });
  return layOut(entries, metadata);
}

/**
 * Returns the bytes of a file of tensors.
 *
 * Elements keep their dtype, unless `as` says otherwise. Floats are then rounded to the nearest; it is an error if a
 * finite number would become infinite or an integer is outside the range of the type.
 *
 * @throws ArgumentError if the elements of an array don't fit its dtype and shape, or a number is outside the range of
 *   the type.
 * @example
 * const bytes = encodeSafetensors({ weight: tensor([[1, 2]]) }, { metadata: { epochs: '3' } });
 * const { tensors, metadata } = decodeSafetensors(bytes);
 * tensors.weight!.shape; // [1, 2]
 * metadata.epochs; // '3'
 */
export const encodeSafetensors = (tensors: NamedArrays, options: SafetensorsWriteOptions = {}): Bytes =>
  joinBytes(safetensorsParts('encodeSafetensors', tensors, options));

/** Converts the elements of a tensor, or of some of its rows. */
export function arrayOf(
  { name, dtype, shape }: SafetensorsEntry,
  bytes: Uint8Array,
  file: string,
  offset: number,
  options: DecodeOptions,
): NamedArray {
  const refuse = (message: string, at: number): never => {
    throw new FormatError(file, `tensor '${name}': ${message}`, offset + at);
  };
  return { ...decodeElements(CODES[dtype], bytes, options, refuse), shape };
}

/**
 * Decodes the bytes of a file of tensors.
 *
 * F32, F64, I32 and BOOL keep their dtypes. F16, BF16 and F8 become float32, which can represent all their numbers. I8,
 * U8, I16 and U16 become int32. I64, U64 and U32 become int32 too, and numbers outside its range are an error; with
 * `{ int64: 'float64' }`, these three become float64.
 *
 * @throws FormatError for a file that is truncated or too long, whose header is invalid, or whose tensors overlap,
 *   leave a gap, or do not have the size that follows from their shape.
 * @example
 * const bytes = encodeSafetensors({ half: tensor([0.5]) }, { as: 'F16' });
 * [...decodeSafetensors(bytes).tensors.half!.data]; // [0.5]
 */
export function decodeSafetensors(bytes: Uint8Array, options: SafetensorsReadOptions = {}): Safetensors {
  checkOptions('decodeSafetensors', options, ['name', 'int64']);
  const { name: file = 'safetensors', ...rule } = options;
  const length = headerLength(bytes.subarray(0, PREFIX_BYTES), file, bytes.length);
  const { metadata, entries } = parseHeader(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length), file, bytes.length);
  const tensors = entries.map((entry) => {
    const own = bytes.subarray(entry.offset, entry.offset + entry.length);
    return [entry.name, arrayOf(entry, own, file, entry.offset, rule)] as const;
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}
