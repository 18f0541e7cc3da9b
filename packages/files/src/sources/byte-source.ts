/** Byte sources, from which lazy readers read: bytes in memory, a blob, or a file. */

import { FormatError } from '../format-error.ts';

/** A sequence of bytes of which ranges can be read. Lazy readers read from a byte source. */
export interface ByteSource {
  /** The name of the file in messages. */
  readonly name: string;
  /** The number of bytes. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes.
   *
   * @throws FormatError if the range is not within the file.
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
 * Makes a byte source that reads from memory.
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

/** A `Blob`, for example a file that a user chose in a page. */
export interface BlobLike {
  readonly size: number;
  /** The name of a `File`. */
  readonly name?: string;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/**
 * Makes a byte source that reads ranges of a `Blob` or a `File`.
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
