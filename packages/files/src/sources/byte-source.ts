/** Where lazy readers read: bytes in memory, a blob, or a file on a server. */

import { FormatError } from '../format-error.ts';

/** Bytes that can be read in pieces. Lazy readers take one. */
export interface ByteSource {
  /** The name of the file in messages. */
  readonly name: string;
  /** The number of bytes. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes.
   *
   * @throws FormatError if the file ends before.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Throws unless a range of bytes lies in a file. */
export function checkRange({ name, size }: Pick<ByteSource, 'name' | 'size'>, offset: number, length: number): void {
  const isRange = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (isRange && offset + length <= size) return;
  throw new FormatError(name, `truncated: expected ${length} bytes, but the file ends at byte ${size}`, offset);
}

/**
 * Makes a source of bytes in memory.
 *
 * @param name The name in messages. Defaults to `bytes`.
 * @example
 * const source = bytesSource(Uint8Array.of(1, 2, 3), 'three.bin');
 * source.size; // 3
 */
export function bytesSource(bytes: Uint8Array, name = 'bytes'): ByteSource {
  const size = bytes.length;
  return {
    name,
    size,
    async read(offset, length) {
      checkRange({ name, size }, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** A `Blob`, such as a file that a user chose in a page. */
export interface BlobLike {
  readonly size: number;
  /** The name of a `File`. */
  readonly name?: string;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/**
 * Makes a source of a `Blob` or a `File`, which is read in pieces.
 *
 * @example
 * const source = blobSource(new Blob([Uint8Array.of(1, 2, 3)]));
 * source.size; // 3
 */
export function blobSource(blob: BlobLike): ByteSource {
  const { size, name = 'blob' } = blob;
  return {
    name,
    size,
    async read(offset, length) {
      checkRange({ name, size }, offset, length);
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
  };
}
