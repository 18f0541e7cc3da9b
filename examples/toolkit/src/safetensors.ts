/**
 * The safetensors format for named tensors, which the model hubs and PyTorch's users read and write.
 *
 * A file is: the length of the header as a 64-bit number, the header as JSON that gives each tensor's dtype, shape and
 * place, then the elements, row-major; all numbers little-endian.
 * Source: https://github.com/huggingface/safetensors, section "Format".
 */

import { endianness } from 'node:os';
import { ArgumentError, type Data, type DType, type Shape } from '@tapegrad/core';
import { FormatError, readUntrusted } from './untrusted-file.ts';
import { writeWhole } from './whole-file.ts';

/** The elements of a tensor in row-major order; a tensor of tapegrad is one, and so is an entry of a module's state. */
export interface NamedTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: Data;
}

export type NamedTensors = Readonly<Record<string, NamedTensor>>;

/** Notes about the tensors. */
export type Metadata = Readonly<Record<string, string>>;

export interface SafeTensors {
  readonly tensors: NamedTensors;
  readonly metadata: Metadata;
}

const DTYPES = {
  F32: { dtype: 'float32', ElementArray: Float32Array },
  F64: { dtype: 'float64', ElementArray: Float64Array },
  I32: { dtype: 'int32', ElementArray: Int32Array },
  BOOL: { dtype: 'bool', ElementArray: Uint8Array },
} as const;

type Code = keyof typeof DTYPES;

const CODES = Object.fromEntries(Object.entries(DTYPES).map(([code, { dtype }]) => [dtype, code])) as Record<
  DType,
  Code
>;

/** What the reference implementation allows a header. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_BYTES = 2 ** 31;
const METADATA = '__metadata__';

/** Where a tensor's elements lie, in bytes after the header. */
interface Entry {
  readonly name: string;
  readonly code: Code;
  readonly shape: Shape;
  readonly start: number;
  readonly end: number;
}

/**
 * Writes named tensors to a file, all or nothing: a file that was there before is replaced only when the new one is whole.
 *
 * @example
 * writeSafetensors('model.safetensors', model.state());
 */
export function writeSafetensors(path: string, tensors: NamedTensors, metadata?: Metadata): void {
  writeWhole(path, encodeSafetensors(tensors, metadata));
}

/** The bytes of a file of named tensors. */
export function encodeSafetensors(tensors: NamedTensors, metadata: Metadata = {}): Uint8Array {
  mustBeLittleEndian();
  if (Object.hasOwn(tensors, METADATA)) {
    throw new ArgumentError(`writeSafetensors: the name '${METADATA}' is the format's own; rename the tensor`);
  }
  const header: [string, unknown][] = [[METADATA, metadata]];
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { data, dtype, shape }] of Object.entries(tensors)) {
    const start = end;
    end += data.byteLength;
    header.push([name, { dtype: CODES[dtype], shape, data_offsets: [start, end] }]);
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  const json = JSON.stringify(Object.fromEntries(header));
  // Blanks after the header let the elements begin at a multiple of 8.
  const text = Buffer.from(json + ' '.repeat(-Buffer.byteLength(json) & 7));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...parts]);
}

/**
 * Reads a file of named tensors.
 *
 * @throws FormatError for a file that is missing, too large, truncated or too long, whose header is not of the format, or
 * whose tensors overlap, leave a gap, or do not have the size that their shape says.
 */
export function readSafetensors(
  path: string,
  { maxBytes = MAX_BYTES }: { readonly maxBytes?: number } = {},
): SafeTensors {
  return decodeSafetensors(readUntrusted(path, maxBytes), path);
}

/** Reads the bytes of a file of named tensors; `file` is its name for messages. */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafeTensors {
  mustBeLittleEndian();
  const { header, elements } = split(bytes, file);
  const { [METADATA]: metadata = {}, ...places } = header;
  if (!isObject(metadata) || !Object.values(metadata).every((note) => typeof note === 'string')) {
    throw new FormatError(file, `expected ${METADATA} to hold strings, got ${shown(metadata)}`);
  }
  const entries = Object.entries(places)
    .map(([name, place]) => entryOf(name, place, file))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  mustTile(entries, elements.length, file);
  return {
    tensors: Object.fromEntries(entries.map((entry) => [entry.name, read(entry, elements, file)])),
    metadata: metadata as Metadata,
  };
}

function split(bytes: Uint8Array, file: string): { header: Record<string, unknown>; elements: Uint8Array } {
  if (bytes.length < 8) throw new FormatError(file, `truncated: expected 8 bytes or more, got ${bytes.length}`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const most = Math.min(bytes.length - 8, MAX_HEADER_BYTES);
  if (length > most) throw new FormatError(file, `expected a header of at most ${most} bytes, got ${length}`);
  return { header: parse(bytes.subarray(8, 8 + length), file), elements: bytes.subarray(8 + length) };
}

function parse(json: Uint8Array, file: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json));
  } catch (error) {
    throw new FormatError(file, `the header is not JSON: ${(error as Error).message}`);
  }
  if (!isObject(header)) throw new FormatError(file, `expected a header that is an object, got ${shown(header)}`);
  return header;
}

function entryOf(name: string, place: unknown, file: string): Entry {
  const wrong = (message: string) => new FormatError(file, `tensor '${name}': ${message}`);
  if (!isObject(place)) throw wrong(`expected dtype, shape and data_offsets, got ${shown(place)}`);
  const { dtype: code, shape, data_offsets: offsets } = place;
  if (!isCode(code)) throw wrong(`expected dtype ${Object.keys(DTYPES).join(', ')}, got ${shown(code)}`);
  if (!isWholeNumbers(shape)) throw wrong(`expected a shape of integers, got ${shown(shape)}`);
  if (!isWholeNumbers(offsets) || offsets.length !== 2) throw wrong(`expected two data_offsets, got ${shown(offsets)}`);
  const [start, end] = offsets as [number, number];
  const wanted = shape.reduce((product, axis) => product * axis, DTYPES[code].ElementArray.BYTES_PER_ELEMENT);
  if (end - start !== wanted) {
    throw wrong(`${code} of shape [${shape.join(', ')}] wants ${wanted} bytes, got data_offsets [${start}, ${end}]`);
  }
  return { name, code, shape, start, end };
}

/** Holds the tensors, in order of their place, to covering each byte after the header once. */
function mustTile(entries: readonly Entry[], bytes: number, file: string): void {
  let covered = 0;
  for (const { name, start, end } of entries) {
    if (start !== covered) {
      const fault = start < covered ? 'overlaps another' : 'leaves a gap before it';
      throw new FormatError(file, `tensor '${name}' ${fault}: expected it to start at byte ${covered}, got ${start}`);
    }
    covered = end;
  }
  if (covered !== bytes) {
    const fault = covered > bytes ? 'truncated' : 'too long';
    throw new FormatError(file, `${fault}: the tensors want ${covered} bytes after the header, got ${bytes}`);
  }
}

function read({ name, code, shape, start, end }: Entry, elements: Uint8Array, file: string): NamedTensor {
  const { dtype, ElementArray } = DTYPES[code];
  const { buffer } = new Uint8Array(elements.subarray(start, end));
  const data = new ElementArray(buffer);
  if (dtype === 'bool' && data.some((value) => value > 1)) {
    throw new FormatError(file, `tensor '${name}': expected BOOL elements of 0 and 1, got others`);
  }
  return { dtype, shape, data };
}

/** Elements are copied as they lie in memory. */
function mustBeLittleEndian(): void {
  if (endianness() !== 'LE') throw new Error('safetensors: expected a little-endian machine');
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCode = (value: unknown): value is Code => typeof value === 'string' && Object.hasOwn(DTYPES, value);

const isWholeNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);

/** A value as messages show it, cut short. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
