/**
 * Checkpoints: trees of plain data, arrays and states in one file.
 *
 * A checkpoint is a safetensors file. Its arrays are named by their paths in the tree, so other programs can read them.
 * The metadata contain the tree as JSON, a version, and the XXH64 of the whole file, computed with 16 zeros in place of
 * its own digits.
 */

import { engineInfo } from '@tapegrad/core';
import { checkOptions } from '@tapegrad/core/extend';
import { Checksum } from '../checksum/xxh64.ts';
import { FormatError } from '../format-error.ts';
import { type Bytes, joinBytes } from '../join-bytes.ts';
import type { NamedArray } from '../named-array.ts';
import { CODES, headerLength, PREFIX_BYTES, parseHeader, type SafetensorsEntry } from '../safetensors/header.ts';
import { arrayOf, layOut } from '../safetensors/safetensors.ts';
import { captured } from './stateful.ts';
import { decodeTree, encodeTree } from './tree.ts';

const FORMAT = 'tapegrad checkpoint';
const VERSION = '2';
const ZEROS = '0'.repeat(16);

/** Describes the engine's rounding, which affects the last digits of a run. */
function arithmetic(): string {
  const { interpreter, relaxedSimd } = engineInfo();
  return `${interpreter} ${relaxedSimd ? 'with' : 'without'} relaxed SIMD`;
}

/**
 * The text before the checksum in a header. It can't occur within the name of a tensor, where the quotes would be
 * escaped.
 */
const BEFORE_SUM = new TextEncoder().encode('"__metadata__":{"xxh64":"');

/** Returns the offset of the checksum in a header, or -1 if there is none. */
function sumOffset(header: Uint8Array): number {
  for (let start = header.indexOf(BEFORE_SUM[0]!); start >= 0; start = header.indexOf(BEFORE_SUM[0]!, start + 1)) {
    if (BEFORE_SUM.every((byte, i) => header[start + i] === byte)) return start + BEFORE_SUM.length;
  }
  return -1;
}

/** The bytes of a checkpoint in consecutive pieces, which may be views of arrays in the tree. */
export interface CheckpointParts {
  /** The pieces, with zeros in place of the checksum. */
  readonly parts: readonly Uint8Array[];
  /** Computes the checksum. Returns its digits and their offset in the file. */
  sum(): { readonly digits: Uint8Array; readonly offset: number };
}

/** Encodes a checkpoint in pieces. */
export function checkpointParts(value: unknown): CheckpointParts {
  const { json, tensors } = encodeTree(captured(value));
  const metadata = { xxh64: ZEROS, format: FORMAT, version: VERSION, engine: arithmetic(), tree: json };
  const parts = layOut(tensors, metadata);
  return {
    parts,
    sum() {
      const sum = new Checksum();
      for (const part of parts) sum.update(part);
      return { digits: new TextEncoder().encode(sum.digest()), offset: PREFIX_BYTES + sumOffset(parts[1]!) };
    },
  };
}

/**
 * Returns the bytes of a checkpoint: a safetensors file that other programs can read.
 *
 * @param value A tree of plain data (with `undefined`, NaN, bigints, maps and sets), tensors, typed arrays, and objects
 *   whose state is saved: modules, optimizers, weight averages, random generators, data loaders.
 * @throws ArgumentError for any other value, for example a function, or an object of a class without a state.
 * @example
 * const model = new Dense(3, 2);
 * const bytes = encodeCheckpoint({ model, epoch: 4 });
 * (decodeCheckpoint(bytes) as { epoch: number }).epoch; // 4
 */
export function encodeCheckpoint(value: unknown): Bytes {
  const { parts, sum } = checkpointParts(value);
  const bytes = joinBytes(parts);
  const { digits, offset } = sum();
  bytes.set(digits, offset);
  return bytes;
}

/** Access to the bytes of a checkpoint, in pieces. */
export interface CheckpointBytes {
  readonly name: string;
  readonly size: number;
  /** Whether the bytes read belong to the reader alone, so that arrays may be views of them. */
  readonly owned: boolean;
  /** Reads bytes, and continues a checksum with them. */
  read(offset: number, length: number, sum?: Checksum): Uint8Array;
}

/** The options of reading a checkpoint. */
export interface CheckpointOptions {
  /** The name of the file in messages. Defaults to `checkpoint`. */
  readonly name?: string;
  /**
   * Called with a warning if the checkpoint was written by an engine that rounds differently: the last digits of a
   * resumed run then differ. Defaults to no warning; in Node, to a warning of the process.
   */
  readonly warn?: (message: string) => void;
}

function checkSum(
  { name }: CheckpointBytes,
  header: Uint8Array,
  expected: string | undefined,
  sum: () => string,
): void {
  const offset = sumOffset(header);
  if (expected === undefined || offset < 0) throw new FormatError(name, 'expected a checkpoint, which has a checksum');
  const actual = sum();
  if (actual === expected) return;
  throw new FormatError(name, `was changed after it was written: its XXH64 is ${actual}, expected ${expected}`);
}

/** Decodes a checkpoint that is read in pieces. */
export function decodeFrom(source: CheckpointBytes, warn: ((message: string) => void) | undefined): unknown {
  const { name, size, owned } = source;
  const prefix = source.read(0, Math.min(size, PREFIX_BYTES));
  const header = source.read(PREFIX_BYTES, headerLength(prefix, name, size));
  const { metadata, entries } = parseHeader(header, name, size);
  if (metadata['format'] !== FORMAT)
    throw new FormatError(name, 'expected a checkpoint, which save() writes', PREFIX_BYTES);
  if (metadata['version'] !== VERSION) {
    throw new FormatError(name, `is a checkpoint of version ${metadata['version']}, expected ${VERSION}`, PREFIX_BYTES);
  }
  const sum = new Checksum();
  sum.update(prefix);
  const zeroed = header.slice();
  zeroed.fill(0x30, sumOffset(header), sumOffset(header) + ZEROS.length);
  sum.update(zeroed);
  const contents = new Map<string, readonly [SafetensorsEntry, Uint8Array]>();
  for (const entry of entries) {
    const bytes = source.read(entry.offset, entry.length, sum);
    contents.set(entry.name, [entry, bytes]);
  }
  checkSum(source, header, metadata['xxh64'], () => sum.digest());
  const found = (tensor: string) => {
    const content = contents.get(tensor);
    if (content === undefined)
      throw new FormatError(name, `the tree of the checkpoint has an array '${tensor}', which is missing`);
    return content;
  };
  const tree = decodeTree(metadata['tree'] ?? '', name, {
    named(tensor): NamedArray {
      const [entry, bytes] = found(tensor);
      return arrayOf(entry, bytes, name, entry.offset, { owned });
    },
    bytes(tensor, type) {
      const [entry, bytes] = found(tensor);
      if (CODES[entry.dtype] !== type) {
        throw new FormatError(name, `expected '${tensor}' to be of ${type}, got ${entry.dtype}`, entry.offset);
      }
      return owned && bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
    },
  });
  const [was, is] = [metadata['engine'], arithmetic()];
  if (was !== is) warn?.(`${name}: written by ${was}, continued with ${is}: the last digits will differ`);
  return tree;
}

/**
 * Decodes the bytes of a checkpoint. The states of objects are returned as plain data, which `restoreState` puts back
 * into objects. Tensors are returned as `{ dtype, shape, data }`.
 *
 * @throws FormatError for bytes that are not a checkpoint, or have been altered.
 * @example
 * const bytes = encodeCheckpoint({ best: Infinity, weights: new Float32Array([1, 2]) });
 * decodeCheckpoint(bytes); // a record of `best` and `weights`, as they were
 */
export function decodeCheckpoint(bytes: Uint8Array, options: CheckpointOptions = {}): unknown {
  checkOptions('decodeCheckpoint', options, ['name', 'warn']);
  const { name = 'checkpoint', warn } = options;
  const read = (offset: number, length: number, sum?: Checksum): Uint8Array => {
    const part = bytes.subarray(offset, offset + length);
    sum?.update(part);
    return part;
  };
  return decodeFrom({ name, size: bytes.length, owned: false, read }, warn);
}
