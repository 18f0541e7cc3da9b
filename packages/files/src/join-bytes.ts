/** Joining pieces of bytes. */

/**
 * Bytes in memory that no other thread sees, as a `Blob` and a request take them. Versions of TypeScript before 5.7 don't tell
 * such memory apart, and this type is any `Uint8Array` there.
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
