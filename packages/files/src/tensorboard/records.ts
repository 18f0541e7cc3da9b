/**
 * The frames of TFRecord files: a length, the bytes, and a checksum of each.
 * Source: TensorFlow, "TFRecord and tf.train.Example", section "TFRecords format details".
 */

import { crc32c } from '../compression/crc32.ts';
import { FormatError } from '../format-error.ts';
import type { Bytes } from '../join-bytes.ts';

/** The size of a frame's header: a length of 8 bytes, and its checksum of 4 bytes. */
const HEADER_BYTES = 12;
const CHECKSUM_BYTES = 4;

/**
 * Returns the masked checksum of bytes: the checksum is rotated, and a constant is added. Without masking, the checksum
 * of data that contains checksums would be weak.
 */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Makes the frame of a record. */
export function encodeRecord(record: Uint8Array): Bytes {
  const bytes = new Uint8Array(HEADER_BYTES + record.length + CHECKSUM_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(record.length), true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(record, HEADER_BYTES);
  view.setUint32(HEADER_BYTES + record.length, maskedCrc(record), true);
  return bytes;
}

/** A record of a file, and its offset. */
export interface FileRecord {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/**
 * Yields the records of a file.
 *
 * @param allowPartial Whether the last record may be incomplete, as in a file that is being written. It is then
 *   ignored.
 * @throws FormatError for a wrong checksum, and for an incomplete record.
 */
export function* recordsOf(name: string, bytes: Uint8Array, allowPartial: boolean): Generator<FileRecord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const check = (at: number, length: number): void => {
    if (view.getUint32(at + length, true) === maskedCrc(bytes.subarray(at, at + length))) return;
    throw new FormatError(name, 'the checksum of a record is wrong', at + length);
  };
  for (let offset = 0; offset < bytes.length; ) {
    const left = bytes.length - offset;
    if (left >= HEADER_BYTES) check(offset, 8);
    const length = left < HEADER_BYTES ? 0 : Number(view.getBigUint64(offset, true));
    const total = HEADER_BYTES + length + CHECKSUM_BYTES;
    if (total > left) {
      if (allowPartial) return;
      throw new FormatError(name, `truncated: expected a record of ${total} bytes, got ${left}`, offset);
    }
    check(offset + HEADER_BYTES, length);
    yield { bytes: bytes.subarray(offset + HEADER_BYTES, offset + HEADER_BYTES + length), offset };
    offset += total;
  }
}
