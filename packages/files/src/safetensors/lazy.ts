/** Reads single tensors, or some of their rows, from safetensors files. */

import { ArgumentError } from '@tapegrad/core';
import { checkOptions, describeValue, formatShape } from '@tapegrad/core/extend';
import type { IntegerOptions } from '../elements/element-types.ts';
import { FormatError } from '../format-error.ts';
import type { NamedArray } from '../named-array.ts';
import type { ByteSource } from '../sources/byte-source.ts';
import { headerLength, isObject, type Metadata, PREFIX_BYTES, parseHeader, type SafetensorsEntry } from './header.ts';
import { arrayOf } from './safetensors.ts';

/** The number of bytes in the first read. Most headers are shorter, so opening a file takes one read. */
const FIRST_READ_BYTES = 2 ** 16;

/** The part of a tensor to read. */
export interface ReadTensorOptions extends IntegerOptions {
  /** The first index to read along the first axis. Defaults to 0. */
  readonly start?: number;
  /** The index after the last one to read along the first axis. Defaults to the length of the axis. */
  readonly end?: number;
}

/** An open file whose tensors are read on demand. */
export interface SafetensorsReader {
  /** The tensors, with their types and shapes. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Metadata;
  /** Reads one tensor, or some of its rows, in one read of the file. */
  read(name: string, options?: ReadTensorOptions): Promise<NamedArray>;
}

/** Returns an entry for those rows of a tensor that the options select. */
function partOf(entry: SafetensorsEntry, { start, end }: ReadTensorOptions): SafetensorsEntry {
  if (start === undefined && end === undefined) return entry;
  const [rows, ...others] = entry.shape;
  if (rows === undefined) throw new ArgumentError(`read: '${entry.name}' has no axis to take a part of`);
  const [from, to] = [start ?? 0, end ?? rows];
  const isPart = Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= rows;
  if (!isPart) {
    const got = `start ${describeValue(start)} and end ${describeValue(end)}`;
    throw new ArgumentError(`read: '${entry.name}' has shape ${formatShape(entry.shape)}, got ${got}`);
  }
  const bytes = rows === 0 ? 0 : entry.length / rows;
  return { ...entry, shape: [to - from, ...others], offset: entry.offset + from * bytes, length: (to - from) * bytes };
}

/** Throws the error for a tensor that is not in a file. */
function throwMissing(name: string, known: Iterable<string>): never {
  const names = [...known];
  const some = names.slice(0, 10).join(', ');
  throw new ArgumentError(
    `read: there is no tensor ${describeValue(name)}; there are ${some}${names.length > 10 ? ' and others' : ''}`,
  );
}

/**
 * Opens a file of tensors, and reads only its header. Each call of `read` then reads one tensor, without the rest of
 * the file.
 *
 * @throws FormatError for the same reasons as `decodeSafetensors`.
 * @example
 * const bytes = encodeSafetensors({ table: tensor([[1, 2], [3, 4], [5, 6]]) });
 * const file = await openSafetensors(bytesSource(bytes));
 * [...file.entries.keys()]; // ['table']
 * [...(await file.read('table', { start: 1, end: 2 })).data]; // [3, 4]
 */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsReader> {
  const { name: file, size } = source;
  let head = await source.read(0, Math.min(size, FIRST_READ_BYTES));
  const length = headerLength(head, file, size);
  if (PREFIX_BYTES + length > head.length) head = await source.read(0, PREFIX_BYTES + length);
  const { metadata, entries } = parseHeader(head.subarray(PREFIX_BYTES, PREFIX_BYTES + length), file, size);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return {
    entries: byName,
    metadata,
    async read(name, options = {}) {
      checkOptions('read', options, ['start', 'end', 'int64']);
      const entry = byName.get(name) ?? throwMissing(name, byName.keys());
      const part = partOf(entry, options);
      const bytes = await source.read(part.offset, part.length);
      const { int64 = 'int32' } = options;
      return arrayOf(part, bytes, file, part.offset, { int64 });
    },
  };
}

/**
 * The index of a model that is stored in several files. On model hubs, this is the file `model.safetensors.index.json`.
 */
export interface SafetensorsIndex {
  /** For each tensor, the name of the file that contains it. */
  readonly files: ReadonlyMap<string, string>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Decodes a `model.safetensors.index.json`, which lists the files of a large model.
 *
 * @param name The name of the file in messages.
 * @throws FormatError for a text that is not such an index, or that names a file in another folder.
 * @example
 * const text = '{"metadata": {"total_size": 8}, "weight_map": {"weight": "model-00001-of-00002.safetensors"}}';
 * decodeSafetensorsIndex(text).files.get('weight'); // 'model-00001-of-00002.safetensors'
 */
export function decodeSafetensorsIndex(text: string, name = 'model.safetensors.index.json'): SafetensorsIndex {
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch (error) {
    throw new FormatError(name, `it is not JSON: ${(error as Error).message}`);
  }
  const { weight_map: map, metadata = {} } = isObject(index) ? index : {};
  if (!isObject(map) || !isObject(metadata)) throw new FormatError(name, 'expected an object with a weight_map');
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !/^[^/\\]+$/.test(file) || file.startsWith('.')) {
      throw new FormatError(name, `tensor '${tensor}': expected the name of a file, got ${describeValue(file)}`);
    }
  }
  return { files: new Map(Object.entries(map) as [string, string][]), metadata };
}

/**
 * Opens a model that is stored in several files. Each file is opened when its first tensor is read.
 *
 * @param open Opens a file by its name in the index.
 * @throws FormatError for an invalid index. `read` throws it if a tensor of the index is not in its file.
 * @example
 * const index = decodeSafetensorsIndex('{"weight_map": {"weight": "a.safetensors"}}');
 * const file = encodeSafetensors({ weight: tensor([7]) });
 * const model = openSafetensorsShards(index, async () => bytesSource(file, 'a.safetensors'));
 * [...(await model.read('weight')).data]; // [7]
 */
export function openSafetensorsShards(
  { files }: SafetensorsIndex,
  open: (file: string) => Promise<ByteSource>,
): Pick<SafetensorsReader, 'read'> & { readonly names: readonly string[] } {
  const readers = new Map<string, Promise<SafetensorsReader>>();
  return {
    names: [...files.keys()],
    async read(name, options = {}) {
      const file = files.get(name) ?? throwMissing(name, files.keys());
      const known = readers.get(file);
      const opening = known ?? open(file).then(openSafetensors);
      if (known === undefined) readers.set(file, opening);
      try {
        const reader = await opening;
        if (!reader.entries.has(name))
          throw new FormatError(file, `does not contain tensor '${name}', which the index says it has`);
        return await reader.read(name, options);
      } catch (error) {
        // After an error, for example of a server, the next read tries to open the file again.
        readers.delete(file);
        throw error;
      }
    },
  };
}
