/**
 * Checks metadata in Thrift's compact protocol, which Parquet uses. Without this check, the parser would allocate any
 * sizes that the metadata claim. Source: Apache Thrift, "Thrift Compact protocol encoding".
 */

/** The maximum nesting depth, more than any metadata of Parquet has. */
const MAX_DEPTH = 32;

/** The maximum number of bytes of a 64-bit number, with 7 bits in each. */
const MAX_VARINT_BYTES = 10;

/** Bytes, and the position of the next one to read. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/** Reads a number with 7 bits in each byte; numbers beyond 2^53 are rounded. */
export function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let i = 0; i < MAX_VARINT_BYTES; i++) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) throw new RangeError('a number is truncated');
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return value;
  }
  throw new RangeError('a number has more than 64 bits');
}

function skip(cursor: Cursor, length: number): void {
  cursor.at += length;
  if (cursor.at > cursor.bytes.length) throw new RangeError('a value is truncated');
}

function skipElement(cursor: Cursor, type: number, depth: number): void {
  if (depth > MAX_DEPTH) throw new RangeError('values are nested too deep');
  if (type === 3) skip(cursor, 1);
  else if (type >= 4 && type <= 6) readVarint(cursor);
  else if (type === 7) skip(cursor, 8);
  else if (type === 8) skip(cursor, readVarint(cursor));
  else if (type === 9) {
    skip(cursor, 1);
    const byte = cursor.bytes[cursor.at - 1]!;
    const length = byte >> 4 === 15 ? readVarint(cursor) : byte >> 4;
    const elementType = byte & 15;
    if (length > cursor.bytes.length - cursor.at) throw new RangeError('a list has more elements than bytes');
    const isFlag = elementType === 1 || elementType === 2;
    for (let i = 0; i < length; i++) skipElement(cursor, isFlag ? 3 : elementType, depth + 1);
  } else if (type === 12) checkStruct(cursor, depth + 1);
  else if (type !== 1 && type !== 2) throw new RangeError(`a value has the unknown type ${type}`);
}

/**
 * Checks a struct, and moves the cursor to its end.
 *
 * @throws RangeError if it is truncated, nested too deeply, or contains a list or text that is longer than the bytes.
 */
export function checkStruct(cursor: Cursor, depth = 0): void {
  for (;;) {
    skip(cursor, 1);
    const byte = cursor.bytes[cursor.at - 1]!;
    if ((byte & 15) === 0) return;
    if (byte >> 4 === 0) readVarint(cursor);
    skipElement(cursor, byte & 15, depth);
  }
}
