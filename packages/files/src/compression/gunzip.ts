/** Decompresses gzip files, with a limit on the size and a check of every checksum. */

import { Gunzip } from 'fflate';
import { FormatError } from '../format-error.ts';
import { type Bytes, joinBytes } from '../join-bytes.ts';
import { crc32 } from './crc32.ts';

/**
 * The number of compressed bytes that are decompressed at once. Each of them gives at most 1032 bytes, so memory
 * exceeds the limit by at most 33 MB.
 */
const CHUNK_BYTES = 2 ** 15;

/**
 * The maximum number of consecutive bytes that decompress to nothing: enough for a header, but not for an endless
 * sequence of empty blocks.
 */
const MAX_IDLE_BYTES = 2 ** 16;

/** The size of the checksum and the length at the end of each member of a gzip file. */
const TRAILER_BYTES = 8;

/** Returns whether bytes begin like a gzip file. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The options of decompressing gzip files. */
export interface GunzipOptions {
  /** The name of the file in messages. */
  readonly name: string;
  /** The maximum size of the decompressed file in bytes. */
  readonly maxBytes: number;
}

/**
 * Makes a function that takes the pieces of a gzip file in order, and calls `emit` with the decompressed bytes.
 *
 * @throws FormatError, when the function is called, for bytes that aren't gzip, a wrong checksum or length, a file that
 *   ends early, and one that decompresses to more than `maxBytes`.
 */
export function gunzipper(
  { name, maxBytes }: GunzipOptions,
  emit: (bytes: Uint8Array) => void,
): (piece: Uint8Array, isLast: boolean) => void {
  let [packed, unpacked, crc, length, lastOutput] = [0, 0, 0, 0, 0];
  /** The bytes pushed last: those of the file from `packed - recent.length` up to `packed`. */
  let recent: Uint8Array = new Uint8Array(0);

  const endMember = (end: number): void => {
    const start = end - TRAILER_BYTES;
    const trailer = new DataView(recent.buffer, recent.byteOffset, recent.length);
    const at = start - (packed - recent.length);
    if (at < 0) throw new FormatError(name, 'broken gzip: truncated', packed);
    if (trailer.getUint32(at, true) !== crc || trailer.getUint32(at + 4, true) !== length % 2 ** 32) {
      throw new FormatError(name, 'broken gzip: truncated, or its checksum or length is wrong', start);
    }
    [crc, length] = [0, 0];
  };

  const stream = new Gunzip((bytes) => {
    unpacked += bytes.length;
    if (unpacked > maxBytes) throw new FormatError(name, `decompresses to more than ${maxBytes} bytes`);
    crc = crc32(bytes, crc);
    length += bytes.length;
    if (bytes.length === 0) return;
    lastOutput = packed;
    emit(bytes);
  });
  stream.onmember = endMember;

  const push = (chunk: Uint8Array, isLast: boolean): void => {
    packed += chunk.length;
    recent = joinBytes([recent, chunk]);
    try {
      stream.push(chunk, isLast);
    } catch (error) {
      if (error instanceof FormatError) throw error;
      throw new FormatError(name, `broken gzip: ${(error as Error).message}`, packed);
    }
    if (isLast) endMember(packed);
    if (packed - lastOutput > MAX_IDLE_BYTES) {
      throw new FormatError(name, `broken gzip: ${packed - lastOutput} bytes decompress to nothing`, lastOutput);
    }
    // The end of a member is followed by the header of the next one, which may have begun in an earlier piece.
    recent = recent.slice(-MAX_IDLE_BYTES - TRAILER_BYTES);
  };
  return (piece, isLast) => {
    for (let start = 0; start < piece.length || start === 0; start += CHUNK_BYTES) {
      push(piece.subarray(start, start + CHUNK_BYTES), isLast && start + CHUNK_BYTES >= piece.length);
    }
  };
}

/**
 * Decompresses a gzip file.
 *
 * @throws FormatError for the same reasons as `gunzipper`.
 */
export function gunzip(bytes: Uint8Array, options: GunzipOptions): Bytes {
  const pieces: Uint8Array[] = [];
  const push = gunzipper(options, (piece) => {
    pieces.push(piece);
  });
  push(bytes, true);
  return joinBytes(pieces);
}
