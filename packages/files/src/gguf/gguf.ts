/** Reads GGUF files, the model format of llama.cpp. The header is parsed by Hugging Face's library. */

import { GGMLQuantizationType, type GGUFParseOutput, gguf } from '@huggingface/gguf';
import { ArgumentError, type Shape } from '@tapegrad/core';
import { checkOptions, describeValue, formatShape, sizeOf } from '@tapegrad/core/extend';
import type { IntegerOptions } from '../elements/element-types.ts';
import { FormatError } from '../format-error.ts';
import type { NamedArray, NamedArrays } from '../named-array.ts';
import { type ByteSource, bytesSource } from '../sources/byte-source.ts';
import { mendStrings } from './long-strings.ts';
import { decodeTensor, isReadable, STORAGE } from './types.ts';

/** A value in the metadata of a file. Integers beyond 2^53 are BigInts. */
export type GgufValue = string | number | bigint | boolean | readonly GgufValue[];

/** A tensor in a file. */
export interface GgufEntry {
  readonly name: string;
  /** The type in which the tensor's numbers are stored, by ggml's name for it. */
  readonly type: string;
  /** The shape of the tensor in row-major order, which is the reverse of the order in the file. */
  readonly shape: Shape;
  /** The offset of the tensor's first byte in the file. */
  readonly offset: number;
  /** The number of bytes; 0 for a type that can't be read. */
  readonly length: number;
}

/** An open file whose tensors are read on demand. */
export interface GgufReader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly entries: ReadonlyMap<string, GgufEntry>;
  /**
   * Reads one tensor, in one read of the file.
   *
   * @throws FormatError for a type that can't be read, which the message names, and for an int64 number outside the
   *   range of int32.
   */
  read(name: string, options?: IntegerOptions): Promise<NamedArray>;
}

/** The number of bytes that the parser requests at once. */
const CHUNK_BYTES = 2e6;

/** The parser's limit on the size of a header. */
const MAX_HEADER_BYTES = 50e6;

/** Names that the parser adds to the metadata. */
const ADDED = ['version', 'tensor_count', 'kv_count'];

const DEFAULT_ALIGNMENT = 32;

/**
 * Makes the function that the parser calls instead of `fetch`. It returns the requested range, padded with zeros at the
 * end of the file.
 */
function rangesOf(source: ByteSource): typeof fetch {
  const read = async (_: unknown, init: { readonly headers: { readonly Range: string } }) => {
    const start = Number(/^bytes=(\d+)-/.exec(init.headers.Range)?.[1]);
    if (start >= source.size + CHUNK_BYTES || start >= MAX_HEADER_BYTES) {
      throw new FormatError(source.name, 'truncated: the header continues after the end', source.size);
    }
    const length = Math.max(0, Math.min(CHUNK_BYTES, source.size - start));
    const bytes = length === 0 ? new Uint8Array(0) : await source.read(start, length);
    return { headers: { get: () => null }, arrayBuffer: async () => bytes.slice().buffer };
  };
  return read as unknown as typeof fetch;
}

async function parse(source: ByteSource): Promise<GGUFParseOutput> {
  try {
    // The parser requires a URL, but the function above does the reading.
    return await gguf('https://file.invalid/', { fetch: rangesOf(source) });
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(source.name, `broken header: ${(error as Error).message}`);
  }
}

/** Converts the BigInts in a value to numbers where that is exact. */
function plainValue(value: unknown): GgufValue {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  return Array.isArray(value) ? value.map(plainValue) : (value as GgufValue);
}

/** Returns the metadata of a file. */
async function metadataOf(source: ByteSource, parsed: GGUFParseOutput): Promise<ReadonlyMap<string, GgufValue>> {
  const { metadata, littleEndian, tensorInfoByteRange } = parsed;
  const added = Object.entries(metadata).filter(([name]) => !ADDED.includes(name));
  const values = new Map(added.map(([name, value]) => [name, plainValue(value)]));
  const [end] = tensorInfoByteRange;
  if (end > CHUNK_BYTES) {
    const bytes = await source.read(0, end);
    const { version, kv_count: count } = metadata;
    mendStrings(source.name, bytes, { version, littleEndian }, Number(count), values);
  }
  return values;
}

/** Returns the offset of the first tensor. */
function dataStart(name: string, { tensorInfoByteRange, metadata }: GGUFParseOutput): number {
  const { 'general.alignment': given = DEFAULT_ALIGNMENT } = metadata as unknown as Readonly<Record<string, unknown>>;
  const alignment = Number(given);
  if (!(alignment >= 1 && alignment <= 2 ** 20 && Number.isInteger(Math.log2(alignment)))) {
    throw new FormatError(name, `expected an alignment that is a power of 2, got ${describeValue(given)}`);
  }
  return Math.ceil(tensorInfoByteRange[1] / alignment) * alignment;
}

/** Returns the tensors of a file, after checking that each is within the file and that they don't overlap. */
function entriesOf({ name, size }: ByteSource, parsed: GGUFParseOutput): ReadonlyMap<string, GgufEntry> {
  const header = parsed.tensorInfoByteRange[1];
  const wrong = (message: string) => new FormatError(name, message, parsed.tensorInfoByteRange[0]);
  if (header > size) throw new FormatError(name, `truncated: the header has ${header} bytes`, size);
  const start = dataStart(name, parsed);
  const entries = new Map<string, GgufEntry>();
  for (const info of parsed.tensorInfos) {
    const shape = info.shape.map(Number).reverse();
    const type = GGMLQuantizationType[info.dtype] ?? `type ${info.dtype}`;
    const fault = (message: string) => wrong(`tensor '${info.name}': ${message}`);
    if (entries.has(info.name)) throw fault('there are two of this name');
    const storage = isReadable(type) ? STORAGE[type] : { block: 1, bytes: 0 };
    const count = shape.includes(0) ? 0 : sizeOf(shape);
    const row = shape.at(-1) ?? 1;
    if (row % storage.block !== 0) throw fault(`expected rows of a multiple of ${storage.block} numbers, got ${row}`);
    const length = (count / storage.block) * storage.bytes;
    const offset = start + Number(info.offset);
    if (!Number.isSafeInteger(length) || !(offset + length <= size)) {
      throw fault(`${type} of shape ${formatShape(shape)} at byte ${offset} does not fit into a file of ${size} bytes`);
    }
    entries.set(info.name, { name: info.name, type, shape, offset, length });
  }
  let end = 0;
  for (const entry of [...entries.values()].sort((a, b) => a.offset - b.offset || a.length - b.length)) {
    if (entry.offset < end && entry.length > 0) throw wrong(`tensor '${entry.name}' overlaps another`);
    end = Math.max(end, entry.offset + entry.length);
  }
  return entries;
}

/**
 * Opens a GGUF file of version 1, 2 or 3, and reads only its header. Each tensor is then read on demand.
 *
 * Numbers of the types F32, F16, BF16, F64, I8, I16, I32 and I64 are kept exactly, as are those of Q8_0 and Q4_0, whose
 * products of scale and integer are exact in float32. Reading a tensor with another quantisation is an error.
 *
 * @throws FormatError for a file that is truncated, whose header is broken or larger than 50 MB, and for tensors that
 *   overlap, have the same name, or are not within the file.
 * @example
 * const embedding = async (bytes: Uint8Array) => {
 *   const file = await openGguf(bytesSource(bytes, 'model.gguf'));
 *   const { dtype, shape, data } = await file.read('token_embd.weight');
 *   return tensor(data, { dtype, shape });
 * };
 */
export async function openGguf(source: ByteSource): Promise<GgufReader> {
  if (source.size < 24) throw new FormatError(source.name, `expected a GGUF file, got ${source.size} bytes`, 0);
  const parsed = await parse(source);
  const entries = entriesOf(source, parsed);
  const metadata = await metadataOf(source, parsed);
  return {
    metadata,
    entries,
    async read(name, options = {}) {
      checkOptions('read', options, ['int64']);
      const entry = entries.get(name);
      if (entry === undefined) {
        const some = [...entries.keys()].slice(0, 10).join(', ');
        throw new ArgumentError(`read: there is no tensor ${describeValue(name)}; there are ${some}`);
      }
      const { type, shape, offset, length } = entry;
      if (!isReadable(type)) {
        const known = Object.keys(STORAGE).join(', ');
        throw new FormatError(source.name, `tensor '${name}': ${type} can't be read, expected one of ${known}`, offset);
      }
      const bytes = await source.read(offset, length);
      const refuse = (message: string, at: number) => {
        throw new FormatError(source.name, `tensor '${name}': ${message}`, offset + at);
      };
      return { shape, ...decodeTensor(type, bytes, parsed.littleEndian, options, refuse) };
    },
  };
}

/** The contents of a GGUF file. */
export interface Gguf {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: NamedArrays;
}

/** Reads a file with all of its tensors. */
export async function readAll(source: ByteSource, options: IntegerOptions): Promise<Gguf> {
  const { metadata, entries, read } = await openGguf(source);
  const tensors: [string, NamedArray][] = [];
  for (const name of entries.keys()) tensors.push([name, await read(name, options)]);
  return { metadata, tensors: Object.fromEntries(tensors) };
}

/** The options of `decodeGguf`. */
export interface GgufOptions extends IntegerOptions {
  /** The name of the file in messages. Defaults to `bytes`. */
  readonly name?: string;
}

/**
 * Decodes the bytes of a GGUF file, with all of its tensors. See `openGguf`.
 *
 * @throws FormatError for the same reasons as `openGguf` and its `read`.
 * @example
 * const names = async (bytes: Uint8Array) => Object.keys((await decodeGguf(bytes)).tensors);
 */
export async function decodeGguf(bytes: Uint8Array, options: GgufOptions = {}): Promise<Gguf> {
  checkOptions('decodeGguf', options, ['name', 'int64']);
  const { name, ...rest } = options;
  return readAll(bytesSource(bytes, name), rest);
}
