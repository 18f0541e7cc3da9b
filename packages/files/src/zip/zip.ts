/**
 * Reads ZIP files within size limits: the directory, and entries that are stored or deflated. Source: APPNOTE.TXT of
 * PKWARE, sections 4.3 and 4.5.3 (ZIP64).
 */

import { Inflate } from 'fflate';
import { crc32 } from '../compression/crc32.ts';
import { FormatError } from '../format-error.ts';

/** A file within a ZIP file. */
export interface ZipEntry {
  readonly name: string;
  /** The compression method: 0 for stored, 8 for deflated. */
  readonly method: number;
  readonly crc: number;
  /** The size of the compressed contents in bytes. */
  readonly packedSize: number;
  readonly size: number;
  /** The offset of the entry's header, which is followed by its contents. */
  readonly headerOffset: number;
}

/** The position of the directory in a ZIP file. */
export interface DirectoryPlace {
  readonly offset: number;
  readonly length: number;
}

const END = 0x06054b50;
const END_BYTES = 22;
const LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
const END_64 = 0x06064b50;
const END_64_BYTES = 56;
const FILE = 0x02014b50;
const FILE_BYTES = 46;
const LOCAL = 0x04034b50;
/** The size of the header before an entry's contents, without the name. */
export const LOCAL_BYTES = 30;
const UNKNOWN = 0xffffffff;

/** The number of bytes at the end of a file that contain the end of the directory, even if a comment follows it. */
export const TAIL_BYTES = 2 ** 16 + END_BYTES + LOCATOR_BYTES + END_64_BYTES;

/** The maximum number of bytes that one deflated byte can decompress to. */
const MAX_RATIO = 1032;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Returns the position of the directory. `tail` is the last bytes of the file. */
export function findDirectory(tail: Uint8Array, file: string, size: number): DirectoryPlace {
  const view = viewOf(tail);
  const base = size - tail.length;
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (view.getUint32(at, true) !== END || at + END_BYTES + view.getUint16(at + 20, true) !== tail.length) continue;
    const wide = at >= LOCATOR_BYTES && view.getUint32(at - LOCATOR_BYTES, true) === LOCATOR;
    const place = wide
      ? wideDirectory(view, at - LOCATOR_BYTES, base, file)
      : { length: view.getUint32(at + 12, true), offset: view.getUint32(at + 16, true) };
    if (place.offset + place.length <= base + at) return place;
    throw new FormatError(
      file,
      `the directory at byte ${place.offset} has ${place.length} bytes, which overlap its end`,
      base + at,
    );
  }
  throw new FormatError(file, 'expected a ZIP file, but there is no directory at its end');
}

function wideDirectory(view: DataView, locator: number, base: number, file: string): DirectoryPlace {
  const at = Number(view.getBigUint64(locator + 8, true)) - base;
  if (!(at >= 0 && at + END_64_BYTES <= locator && view.getUint32(at, true) === END_64)) {
    throw new FormatError(file, 'expected the end of a ZIP64 directory before its locator', base + locator);
  }
  return { length: Number(view.getBigUint64(at + 40, true)), offset: Number(view.getBigUint64(at + 48, true)) };
}

/** Reads the 64-bit numbers of an extra field, which replace numbers too large for 32 bits. */
function widen(extra: Uint8Array, numbers: readonly number[]): readonly number[] {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    const end = Math.min(next + view.getUint16(at + 2, true), extra.length);
    return numbers.map((number) => {
      if (number !== UNKNOWN || next + 8 > end) return number;
      next += 8;
      return Number(view.getBigUint64(next - 8, true));
    });
  }
  return numbers;
}

function parseEntry(bytes: Uint8Array, at: number, file: string, offset: number): readonly [ZipEntry, number] {
  const wrong = (message: string) => new FormatError(file, message, offset + at);
  const view = viewOf(bytes);
  if (at + FILE_BYTES > bytes.length || view.getUint32(at, true) !== FILE)
    throw wrong('expected an entry of the ZIP directory');
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
    number,
    number,
    number,
  ];
  const nameEnd = at + FILE_BYTES + nameBytes;
  const end = nameEnd + extraBytes + commentBytes;
  if (end > bytes.length) throw wrong('truncated: an entry of the ZIP directory goes on after it');
  const name = new TextDecoder().decode(bytes.subarray(at + FILE_BYTES, nameEnd));
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  if ((flags & 1) !== 0) throw wrong(`'${name}' is encrypted`);
  if (method !== 0 && method !== 8)
    throw wrong(`'${name}' is packed by method ${method}, expected 0 (stored) or 8 (deflated)`);
  const narrow = [24, 20, 42].map((field) => view.getUint32(at + field, true));
  const [size, packedSize, headerOffset] = widen(bytes.subarray(nameEnd, nameEnd + extraBytes), narrow) as [
    number,
    number,
    number,
  ];
  const entry = { name, method, crc: view.getUint32(at + 16, true), size, packedSize, headerOffset };
  const isPossible = method === 0 ? size === packedSize : size <= MAX_RATIO * packedSize;
  if (!isPossible) throw wrong(`'${name}' can't have ${size} bytes, packed in ${packedSize}`);
  return [entry, end];
}

/**
 * Reads the directory of a ZIP file.
 *
 * @throws FormatError for entries with the same name, and for entries that overlap, as in a ZIP bomb.
 */
export function parseDirectory(
  bytes: Uint8Array,
  file: string,
  { offset }: DirectoryPlace,
): ReadonlyMap<string, ZipEntry> {
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at < bytes.length; ) {
    const [entry, end] = parseEntry(bytes, at, file, offset);
    if (entries.has(entry.name)) throw new FormatError(file, `two files are called '${entry.name}'`, offset + at);
    entries.set(entry.name, entry);
    at = end;
  }
  let covered = 0;
  for (const { name, headerOffset, packedSize } of [...entries.values()].sort(
    (a, b) => a.headerOffset - b.headerOffset,
  )) {
    if (headerOffset < covered) throw new FormatError(file, `'${name}' overlaps the file before it`, headerOffset);
    covered = headerOffset + LOCAL_BYTES + packedSize;
    if (covered > offset)
      throw new FormatError(file, `truncated: '${name}' goes on after byte ${offset}`, headerOffset);
  }
  return entries;
}

/** Returns the offset of an entry's contents, computed from the header before them. */
export function contentOffset(
  header: Uint8Array,
  file: string,
  { name, headerOffset, packedSize }: ZipEntry,
  end: number,
): number {
  const view = viewOf(header);
  if (header.length < LOCAL_BYTES || view.getUint32(0, true) !== LOCAL) {
    throw new FormatError(file, `expected the header of '${name}'`, headerOffset);
  }
  const offset = headerOffset + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
  if (offset + packedSize > end)
    throw new FormatError(file, `truncated: '${name}' goes on after byte ${end}`, headerOffset);
  return offset;
}

/** The number of compressed bytes that are decompressed at once. */
const CHUNK_BYTES = 2 ** 16;

function inflate(packed: Uint8Array, { name, size }: ZipEntry, fail: (message: string) => FormatError): Uint8Array {
  const bytes = new Uint8Array(size);
  let done = 0;
  let isTooLong = false;
  const stream = new Inflate((piece) => {
    isTooLong ||= done + piece.length > size;
    if (!isTooLong) bytes.set(piece, done);
    done += piece.length;
  });
  try {
    for (let start = 0; start === 0 || start < packed.length; start += CHUNK_BYTES) {
      const isLast = start + CHUNK_BYTES >= packed.length;
      // Copied, since the stream keeps each piece until the next one.
      stream.push(packed.slice(start, start + CHUNK_BYTES), isLast);
      if (isTooLong) break;
    }
  } catch (error) {
    throw fail(`'${name}' can't be unpacked: ${(error as Error).message}`);
  }
  if (isTooLong || done !== size)
    throw fail(`'${name}' decompresses to ${isTooLong ? 'more' : done} bytes, expected ${size}`);
  return bytes;
}

/** Decompresses an entry, and checks its CRC-32. For a stored entry, the result is a view of the given bytes. */
export function unpack(packed: Uint8Array, file: string, entry: ZipEntry): Uint8Array {
  const fail = (message: string) => new FormatError(file, message, entry.headerOffset);
  const bytes = entry.method === 0 ? packed : inflate(packed, entry, fail);
  const crc = crc32(bytes);
  if (crc !== entry.crc) throw fail(`'${entry.name}' was changed: its CRC-32 is ${crc}, expected ${entry.crc}`);
  return bytes;
}

/** A ZIP file in memory. */
export interface ZipReader {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** Returns the offset of an entry's compressed contents. */
  offsetOf(entry: ZipEntry): number;
  read(entry: ZipEntry): Uint8Array;
}

/**
 * Opens a ZIP file in memory.
 *
 * @param maxBytes The maximum size of all entries together, decompressed, in bytes.
 */
export function openZip(bytes: Uint8Array, file: string, maxBytes: number): ZipReader {
  const place = findDirectory(bytes.subarray(-TAIL_BYTES), file, bytes.length);
  const entries = parseDirectory(bytes.subarray(place.offset, place.offset + place.length), file, place);
  const total = [...entries.values()].reduce((sum, { size }) => sum + size, 0);
  if (total > maxBytes) throw new FormatError(file, `decompresses to ${total} bytes, expected at most ${maxBytes}`);
  const offsetOf = (entry: ZipEntry): number => {
    const header = bytes.subarray(entry.headerOffset, entry.headerOffset + LOCAL_BYTES);
    return contentOffset(header, file, entry, place.offset);
  };
  return {
    entries,
    offsetOf,
    read(entry) {
      const offset = offsetOf(entry);
      return unpack(bytes.subarray(offset, offset + entry.packedSize), file, entry);
    },
  };
}
