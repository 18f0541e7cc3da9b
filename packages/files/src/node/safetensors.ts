/** Reading and writing safetensors files in Node. */

import { basename, dirname, join } from 'node:path';
import { ArgumentError } from '@tapegrad/core';
import { checkOptions } from '@tapegrad/core/extend';
import { writeFileAtomic } from '../atomic/atomic.ts';
import type { IntegerOptions } from '../elements/element-types.ts';
import { FormatError } from '../format-error.ts';
import type { NamedArray, NamedArrays } from '../named-array.ts';
import { headerLength, PREFIX_BYTES, parseHeader } from '../safetensors/header.ts';
import { decodeSafetensorsIndex } from '../safetensors/lazy.ts';
import {
  arrayOf,
  type Safetensors,
  type SafetensorsWriteOptions,
  safetensorsParts,
} from '../safetensors/safetensors.ts';
import {
  checkSize,
  type OpenFile,
  type ReadOptions,
  readBytes,
  uninitialized,
  withFile,
} from '../sources/file-source.ts';

/** The options of reading a file of tensors. */
export interface ReadSafetensorsOptions extends IntegerOptions, ReadOptions {}

function readAll(path: string, { size, readInto }: OpenFile, rule: IntegerOptions): Safetensors {
  const read = (offset: number, length: number): Uint8Array => {
    const bytes = uninitialized(length);
    readInto(bytes, offset);
    return bytes;
  };
  const length = headerLength(read(0, Math.min(size, PREFIX_BYTES)), path, size);
  const { metadata, entries } = parseHeader(read(PREFIX_BYTES, length), path, size);
  // Each tensor is read into separate memory: it is not copied, and does not keep the others in memory.
  const tensors = entries.map((entry): readonly [string, NamedArray] => {
    const bytes = read(entry.offset, entry.length);
    return [entry.name, arrayOf(entry, bytes, path, entry.offset, { ...rule, owned: true })];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

/**
 * Reads a file of tensors. For a `model.safetensors.index.json`, reads all files of the model, in the same folder. See
 * `decodeSafetensors` for the conversion of element types.
 *
 * @throws FormatError for a file that is missing or larger than `maxBytes`, and for the same reasons as
 * `decodeSafetensors`.
 * @example
 * writeSafetensors('/tmp/one.safetensors', { weight: tensor([1, 2]) });
 * readSafetensors('/tmp/one.safetensors').tensors.weight!.shape; // [2]
 */
export function readSafetensors(path: string, options: ReadSafetensorsOptions = {}): Safetensors {
  checkOptions('readSafetensors', options, ['int64', 'maxBytes']);
  const { int64 = 'int32', ...limits } = options;
  if (path.endsWith('.index.json')) return readShards(path, options);
  return withFile(path, (file) => {
    checkSize(path, file.size, limits);
    return readAll(path, file, { int64 });
  });
}

function readShards(path: string, options: ReadSafetensorsOptions): Safetensors {
  const { files } = decodeSafetensorsIndex(new TextDecoder().decode(readBytes(path)), path);
  const tensors: Record<string, NamedArray> = {};
  const shards = new Map(
    Array.from(new Set(files.values()), (file) => [file, readSafetensors(join(dirname(path), file), options)]),
  );
  for (const [name, file] of files) {
    const tensor = shards.get(file)!.tensors[name];
    if (tensor === undefined)
      throw new FormatError(join(dirname(path), file), `does not contain tensor '${name}' of the index`);
    Object.defineProperty(tensors, name, { value: tensor, enumerable: true, configurable: true, writable: true });
  }
  return { tensors, metadata: [...shards.values()][0]?.metadata ?? {} };
}

/**
 * Writes a file of tensors, atomically; see `writeFileAtomic`. To write a model, pass `model.state()`, with the names
 * and layouts of tapegrad, or `stateDict(model)`, with those of PyTorch.
 *
 * @throws ArgumentError for the same reasons as `encodeSafetensors`.
 * @example
 * const model = new Dense(3, 2);
 * writeSafetensors('/tmp/dense.safetensors', model.state(), { as: 'BF16', metadata: { format: 'pt' } });
 * model.load(readSafetensors('/tmp/dense.safetensors').tensors);
 */
export function writeSafetensors(path: string, tensors: NamedArrays, options: SafetensorsWriteOptions = {}): void {
  writeFileAtomic(path, safetensorsParts('writeSafetensors', tensors, options));
}

/** The options of writing a model to several files. */
export interface ShardOptions extends SafetensorsWriteOptions {
  /**
   * The maximum number of bytes of elements in a file; a larger tensor gets a file of its own. Defaults to 5e9, as on
   * the model hubs.
   */
  readonly maxShardBytes?: number;
}

/**
 * Writes tensors to several files and an index, the layout of large models on the model hubs:
 * `model-00001-of-00002.safetensors`, … and `model.safetensors.index.json`. The index is written last.
 *
 * @param path The path of the index, which ends with `.safetensors.index.json`.
 * @throws ArgumentError for a path with another ending, and for the same reasons as `encodeSafetensors`.
 * @example
 * const tensors = { a: ones([4]), b: ones([4]) };
 * writeSafetensorsShards('/tmp/shards/model.safetensors.index.json', tensors, { maxShardBytes: 16 });
 * Object.keys(readSafetensors('/tmp/shards/model.safetensors.index.json').tensors); // ['a', 'b']
 */
export function writeSafetensorsShards(path: string, tensors: NamedArrays, options: ShardOptions = {}): void {
  const { maxShardBytes = 5e9, ...own } = options;
  const suffix = '.safetensors.index.json';
  if (!path.endsWith(suffix))
    throw new ArgumentError(`writeSafetensorsShards: expected a path that ends with ${suffix}, got '${path}'`);
  if (!(maxShardBytes > 0))
    throw new ArgumentError(`writeSafetensorsShards: maxShardBytes is ${maxShardBytes}, expected a number above 0`);
  const shards: { readonly names: string[]; bytes: number }[] = [];
  let total = 0;
  for (const name of Object.keys(tensors)) {
    const [, , elements] = safetensorsParts('writeSafetensorsShards', { [name]: tensors[name]! }, own);
    const { length } = elements!;
    const last = shards.at(-1);
    total += length;
    if (last === undefined || last.bytes + length > maxShardBytes) shards.push({ names: [name], bytes: length });
    else {
      last.names.push(name);
      last.bytes += length;
    }
  }
  const base = path.slice(0, -suffix.length);
  const digits = (n: number): string => String(n).padStart(5, '0');
  const map: [string, string][] = [];
  shards.forEach(({ names }, i) => {
    const file = `${base}-${digits(i + 1)}-of-${digits(shards.length)}.safetensors`;
    writeSafetensors(file, Object.fromEntries(names.map((name) => [name, tensors[name]!])), own);
    for (const name of names) map.push([name, basename(file)]);
  });
  writeFileAtomic(
    path,
    JSON.stringify({ metadata: { total_size: total }, weight_map: Object.fromEntries(map) }, null, 2),
  );
}
