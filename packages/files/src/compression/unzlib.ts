/** Unpacking zlib streams of a known size, and wrapping bytes as one. */

import { Unzlib } from 'fflate';

/** Bytes that are unpacked at once: a byte unpacks to at most 1032. */
const CHUNK_BYTES = 2 ** 12;

/** The most bytes of a block that isn't compressed. */
const MAX_STORED_BYTES = 65535;

/**
 * Unpacks pieces of a zlib stream that must give exactly `length` bytes. It stops as soon as they are more.
 *
 * @throws Error with the fault for a stream that is broken, or gives more or fewer bytes.
 */
export function unzlib(pieces: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let done = 0;
  const stream = new Unzlib((piece) => {
    if (done + piece.length > length) throw new Error(`unpack to more than ${length} bytes`);
    bytes.set(piece, done);
    done += piece.length;
  });
  for (const [i, piece] of pieces.entries()) {
    for (let start = 0; start < piece.length || start === 0; start += CHUNK_BYTES) {
      const isLast = i === pieces.length - 1 && start + CHUNK_BYTES >= piece.length;
      stream.push(piece.subarray(start, start + CHUNK_BYTES), isLast);
    }
  }
  if (done < length) throw new Error(`unpack to ${done} bytes instead of ${length}`);
  return bytes;
}

/**
 * Wraps bytes as a zlib stream without compressing them, for a decoder that doesn't check the stream's checksum: it is 0.
 * Source: RFC 1950, and RFC 1951, section 3.2.4.
 */
export function storedZlib(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
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
