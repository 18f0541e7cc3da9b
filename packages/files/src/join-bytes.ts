/** Joining pieces of bytes. */

/**
 * Bytes in memory that is not shared with other threads, as required by a `Blob` or a request. TypeScript before 5.7
 * doesn't distinguish such memory; there, this type is any `Uint8Array`.
 */
export type Bytes = ReturnType<Uint8ArrayConstructor['from']>;

/** Joins pieces of bytes in order. */
export function joinBytes(pieces: readonly Uint8Array[]): Bytes {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}
