/**
 * Repairs strings of metadata that cross the boundary between two reads of the parser.
 *
 * The parser reads 2 MB at a time. If a string at the end of the metadata isn't complete yet, the parser takes the part
 * that it has. The value would be silently truncated.
 */

import { GGUFValueType } from '@huggingface/gguf';
import { FormatError } from '../format-error.ts';

/** The bytes of each type of a fixed size. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [GGUFValueType.UINT8, 1],
  [GGUFValueType.INT8, 1],
  [GGUFValueType.UINT16, 2],
  [GGUFValueType.INT16, 2],
  [GGUFValueType.UINT32, 4],
  [GGUFValueType.INT32, 4],
  [GGUFValueType.FLOAT32, 4],
  [GGUFValueType.BOOL, 1],
  [GGUFValueType.UINT64, 8],
  [GGUFValueType.INT64, 8],
  [GGUFValueType.FLOAT64, 8],
]);

/** The number formats of a file: version 1 has lengths of 32 bits. */
export interface GgufNumbers {
  readonly version: number;
  readonly littleEndian: boolean;
}

/** Walks the metadata of a file, given its first bytes. */
class MetadataWalk {
  at: number;
  readonly #name: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #numbers: GgufNumbers;
  /** The last string that was walked. */
  last: Uint8Array | undefined;

  constructor(name: string, bytes: Uint8Array, numbers: GgufNumbers) {
    this.#name = name;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#numbers = numbers;
    // The magic number, the version, and two counts.
    this.at = numbers.version === 1 ? 16 : 24;
  }

  #take(length: number): number {
    const start = this.at;
    this.at += length;
    if (this.at > this.#bytes.length)
      throw new FormatError(this.#name, 'truncated: the metadata continues after the end', start);
    return start;
  }

  type(): number {
    return this.#view.getUint32(this.#take(4), this.#numbers.littleEndian);
  }

  #length(): number {
    const { version, littleEndian } = this.#numbers;
    if (version === 1) return this.#view.getUint32(this.#take(4), littleEndian);
    return Number(this.#view.getBigUint64(this.#take(8), littleEndian));
  }

  /** Moves past a string, and returns its bytes. */
  string(): Uint8Array {
    const length = this.#length();
    const start = this.#take(length);
    this.last = this.#bytes.subarray(start, start + length);
    return this.last;
  }

  /** Moves past a value of a given type. */
  value(type: number): void {
    const size = SIZES.get(type);
    if (size !== undefined) this.#take(size);
    else if (type === GGUFValueType.STRING) this.string();
    else {
      const [element, length] = [this.type(), this.#length()];
      const bytes = SIZES.get(element);
      if (bytes !== undefined) this.#take(bytes * length);
      else for (let i = 0; i < length; i++) this.value(element);
    }
  }
}

/** Replaces the last string of a value. */
function withLast(value: unknown, last: string): unknown {
  return Array.isArray(value) ? [...value.slice(0, -1), withLast(value.at(-1), last)] : last;
}

/**
 * Replaces the strings that the parser may have truncated.
 *
 * @param bytes The first bytes of the file, up to the end of the metadata.
 * @param count The number of values.
 * @param metadata The values from the parser, which are changed.
 */
export function mendStrings(
  name: string,
  bytes: Uint8Array,
  numbers: GgufNumbers,
  count: number,
  metadata: Map<string, unknown>,
): void {
  const walk = new MetadataWalk(name, bytes, numbers);
  const decoder = new TextDecoder();
  for (let i = 0; i < count; i++) {
    const key = decoder.decode(walk.string());
    const type = walk.type();
    walk.last = undefined;
    walk.value(type);
    const known = metadata.get(key);
    if (walk.last !== undefined && known !== undefined) metadata.set(key, withLast(known, decoder.decode(walk.last)));
  }
}
