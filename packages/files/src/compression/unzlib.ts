/** Decompresses zlib streams of a known size, and wraps bytes as an uncompressed stream. */

import { Unzlib } from 'fflate';
import type { Bytes } from '../join-bytes.ts';

/** The number of compressed bytes that are decompressed at once. Each of them gives at most 1032 bytes. */
const CHUNK_BYTES = 2 ** 12;

/** The maximum size of an uncompressed block. */
const MAX_STORED_BYTES = 65535;

/**
 * Decompresses a zlib stream, given in pieces, to exactly `length` bytes. Stops as soon as there are more bytes.
 *
 * @throws Error if the stream is broken, or decompresses to more or fewer bytes. The message says what is wrong.
 */
export function unzlib(pieces: readonly Uint8Array[], length: number): Bytes {
  const bytes = new Uint8Array(length);
  let done = 0;
  const stream = new Unzlib((piece) => {
    if (done + piece.length > length) throw new Error(`decompress to more than ${length} bytes`);
    bytes.set(piece, done);
    done += piece.length;
  });
  for (const [i, piece] of pieces.entries()) {
    for (let start = 0; start < piece.length || start === 0; start += CHUNK_BYTES) {
      const isLast = i === pieces.length - 1 && start + CHUNK_BYTES >= piece.length;
      stream.push(piece.subarray(start, start + CHUNK_BYTES), isLast);
    }
  }
  if (done < length) throw new Error(`decompress to ${done} bytes instead of ${length}`);
  return bytes;
}

/**
 * Wraps bytes as a zlib stream without compressing them. Its checksum is set to 0, for a decoder that doesn't check it.
 * Source: RFC 1950, and RFC 1951, section 3.2.4.
 */
export function storedZlib(bytes: Uint8Array): Bytes {
  const blocks = Math.max(1, Math.ceil(bytes.length / MAX_STORED_BYTES));
  const stream = new Uint8Array(2 + 5 * blocks + bytes.length + 4);
  const view = new DataView(stream.buffer);
  stream.set([0x78, 1]);
  for (let block = 0; block < blocks; block++) {
    const start = block * MAX_STORED_BYTES;
    const piece = bytes.subarray(start, start + MAX_STORED_BYTES);
    const at = 2 + 5 * block + start;
    view.setUint8(at, Number(block === blocks - 1));
    view.setUint16(at + 1, piece.length, true);
    view.setUint16(at + 3, ~piece.length & 0xffff, true);
    stream.set(piece, at + 5);
  }
  return stream;
}
