/** Unpacking gzip within a bound, with every checksum checked. */

import { Gunzip } from 'fflate';
import { FormatError } from '../format-error.ts';
import { joinBytes } from '../join-bytes.ts';
import { crc32 } from './crc32.ts';

/**
 * Bytes that are unpacked at once. A byte unpacks to at most 1032, so at most 33 MB more than the bound are ever in
 * memory.
 */
const CHUNK_BYTES = 2 ** 15;

/** The most bytes that may unpack to nothing, as a header or an endless row of empty blocks does. */
const MAX_IDLE_BYTES = 2 ** 16;

/** The checksum and the length that end a member of a gzip file. */
const TRAILER_BYTES = 8;

/** Returns whether bytes begin as a gzip file does. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The options of unpacking. */
export interface GunzipOptions {
  /** The name of the file in messages. */
  readonly name: string;
  /** The most bytes that it may unpack to. */
  readonly maxBytes: number;
}

/**
 * Makes a function that takes the pieces of a gzip file in order, and hands what they unpack to to `emit`.
 *
 * @throws FormatError, on a call of the function, for bytes that aren't gzip, a wrong checksum or length, a file that ends
 * early, and one that unpacks to more than `maxBytes`.
 */
export function gunzipper(
  { name, maxBytes }: GunzipOptions,
  emit: (bytes: Uint8Array) => void,
): (piece: Uint8Array, isLast: boolean) => void {
  let [packed, unpacked, crc, length, lastOutput] = [0, 0, 0, 0, 0];
  /** The last bytes that were pushed, from byte `packed - recent.length` of the file on. */
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
    if (unpacked > maxBytes) throw new FormatError(name, `unpacks to more than ${maxBytes} bytes`);
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
      throw new FormatError(name, `broken gzip: ${packed - lastOutput} bytes unpack to nothing`, lastOutput);
    }
    // A member ends before the header of the next one, which may have begun in an earlier piece.
    recent = recent.slice(-MAX_IDLE_BYTES - TRAILER_BYTES);
  };
  return (piece, isLast) => {
    for (let start = 0; start < piece.length || start === 0; start += CHUNK_BYTES) {
      push(piece.subarray(start, start + CHUNK_BYTES), isLast && start + CHUNK_BYTES >= piece.length);
    }
  };
}

/**
 * Unpacks a gzip file.
 *
 * @throws FormatError as `gunzipper` does.
 */
export function gunzip(bytes: Uint8Array, options: GunzipOptions): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  const push = gunzipper(options, (piece) => {
    pieces.push(piece);
  });
  push(bytes, true);
  return joinBytes(pieces);
}
