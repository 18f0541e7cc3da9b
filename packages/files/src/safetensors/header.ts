/**
 * The header of a safetensors file.
 *
 * A file consists of the length of the header as a 64-bit number, the header as JSON, which gives each tensor's dtype,
 * shape and offsets, and the elements in row-major order. All numbers are little-endian. Source:
 * https://github.com/huggingface/safetensors, section "Format".
 */

import type { Shape } from '@tapegrad/core';
import { ELEMENT_TYPES, type ElementType } from '../elements/element-types.ts';
import { FormatError } from '../format-error.ts';

/** The names of element types in the format. */
export const CODES = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8_e4m3fn',
  F8_E5M2: 'float8_e5m2',
  F8_E4M3FNUZ: 'float8_e4m3fnuz',
  F8_E5M2FNUZ: 'float8_e5m2fnuz',
  F8_E8M0: 'float8_e8m0fnu',
  I64: 'int64',
  U64: 'uint64',
  I32: 'int32',
  U32: 'uint32',
  I16: 'int16',
  U16: 'uint16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
} as const satisfies Readonly<Record<string, ElementType>>;

/** The name of an element type in safetensors. */
export type SafetensorsDType = keyof typeof CODES;

/** Free-form texts about the tensors, by name. */
export type Metadata = Readonly<Record<string, string>>;

/** A tensor in a file, and the position of its elements. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: Shape;
  /** The offset of the tensor's first byte in the file. */
  readonly offset: number;
  /** The number of bytes. */
  readonly length: number;
}

/** A decoded header. */
export interface SafetensorsHeader {
  readonly metadata: Metadata;
  /** The tensors, in the order of their offsets. */
  readonly entries: readonly SafetensorsEntry[];
}

/** The maximum size of a header, the same as in the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;
export const METADATA = '__metadata__';
/** The size of the number at the beginning, which is the length of the header. */
export const PREFIX_BYTES = 8;

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCode = (value: unknown): value is SafetensorsDType => typeof value === 'string' && Object.hasOwn(CODES, value);

const isLengths = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);

/** Returns a value as text for messages, shortened. */
function shown(value: unknown): string {
  try {
    const text = JSON.stringify(value) ?? 'nothing';
    return text.length > 80 ? `${text.slice(0, 77)}...` : text;
  } catch {
    return 'lists within lists, too deep to show';
  }
}

/** Reads the length of the header. */
export function headerLength(prefix: Uint8Array, file: string, size: number): number {
  if (size < PREFIX_BYTES) throw new FormatError(file, `truncated: expected 8 bytes or more, got ${size}`, 0);
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true));
  const most = Math.min(size - PREFIX_BYTES, MAX_HEADER_BYTES);
  if (length > most) throw new FormatError(file, `expected a header of at most ${most} bytes, got ${length}`, 0);
  return length;
}

function parsed(json: Uint8Array, file: string): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json));
  } catch (error) {
    throw new FormatError(file, `the header is not JSON: ${(error as Error).message}`, PREFIX_BYTES);
  }
  if (isObject(header)) return header;
  throw new FormatError(file, `expected a header that is an object, got ${shown(header)}`, PREFIX_BYTES);
}

function entryOf(name: string, value: unknown, file: string, base: number): SafetensorsEntry {
  const wrong = (message: string) => new FormatError(file, `tensor '${name}': ${message}`, PREFIX_BYTES);
  if (!isObject(value)) throw wrong(`expected dtype, shape and data_offsets, got ${shown(value)}`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isCode(dtype)) throw wrong(`expected dtype ${Object.keys(CODES).join(', ')}, got ${shown(dtype)}`);
  if (!isLengths(shape)) throw wrong(`expected a shape of lengths, got ${shown(shape)}`);
  if (!isLengths(offsets) || offsets.length !== 2) throw wrong(`expected two data_offsets, got ${shown(offsets)}`);
  const [start, end] = offsets as readonly [number, number];
  const wanted = shape.reduce<number>((product, length) => product * length, ELEMENT_TYPES[CODES[dtype]].bytes);
  if (end - start !== wanted) {
    throw wrong(`${dtype} of shape ${shown(shape)} needs ${wanted} bytes, got data_offsets [${start}, ${end}]`);
  }
  return { name, dtype, shape, offset: base + start, length: wanted };
}

/** Throws unless the tensors, which are in the order of their offsets, cover each byte after the header exactly once. */
function checkTiled(entries: readonly SafetensorsEntry[], base: number, size: number, file: string): void {
  let covered = base;
  for (const { name, offset, length } of entries) {
    if (offset !== covered) {
      const fault = offset < covered ? 'overlaps another' : 'leaves a gap before it';
      const message = `tensor '${name}' ${fault}: expected it to start at byte ${covered}, got ${offset}`;
      throw new FormatError(file, message, PREFIX_BYTES);
    }
    covered = offset + length;
  }
  if (covered === size) return;
  const fault = covered > size ? 'truncated' : 'too long';
  throw new FormatError(
    file,
    `${fault}: the tensors end at byte ${covered}, but the file at ${size}`,
    Math.min(covered, size),
  );
}

/**
 * Decodes a header.
 *
 * @param size The number of bytes of the file.
 */
export function parseHeader(json: Uint8Array, file: string, size: number): SafetensorsHeader {
  const { [METADATA]: metadata = {}, ...tensors } = parsed(json, file);
  if (!isObject(metadata) || !Object.values(metadata).every((text) => typeof text === 'string')) {
    throw new FormatError(file, `expected ${METADATA} to hold strings, got ${shown(metadata)}`, PREFIX_BYTES);
  }
  const base = PREFIX_BYTES + json.length;
  const entries = Object.entries(tensors)
    .map(([name, value]) => entryOf(name, value, file, base))
    .sort((a, b) => a.offset - b.offset || a.length - b.length);
  checkTiled(entries, base, size, file);
  return { metadata: metadata as Metadata, entries };
}
