/**
 * Checks the pages of a column, so that the parser only gets pages that it can decode in bounded memory and time.
 * Source: Apache Parquet, `parquet.thrift` and "Encodings".
 */

import type { PageHeader } from 'hyparquet';
import { parquetHeader, type readColumn } from 'hyparquet/src/column.js';
import { type Cursor, checkStruct, readVarint } from './thrift.ts';

/** The parser's description of a column. */
export type ColumnDecoder = Parameters<typeof readColumn>[2];

/** Decompresses a page to a known length. */
export type Unpack = (packed: Uint8Array, length: number) => Uint8Array;

/** The maximum size of a page, more than any writer produces. */
const MAX_PAGE_BYTES = 2 ** 28;

/** The maximum number of values in a block of differences, more than any writer uses. */
const MAX_BLOCK_VALUES = 2 ** 16;

const DICTIONARY = ['PLAIN_DICTIONARY', 'RLE_DICTIONARY'];
const SUPPORTED = ['PLAIN', 'RLE', 'BYTE_STREAM_SPLIT', 'DELTA_BINARY_PACKED', 'DELTA_LENGTH_BYTE_ARRAY'];

function check(isRight: boolean, fault: string): asserts isRight {
  if (!isRight) throw new RangeError(fault);
}

/**
 * Checks `count` numbers that are encoded as runs and packed bits. For numbers of one bit, returns how many are 1.
 *
 * @throws RangeError for a run that is longer than the remaining numbers.
 */
function checkRuns(cursor: Cursor, width: number, count: number): number {
  let [seen, ones] = [0, 0];
  while (seen < count) {
    const header = readVarint(cursor);
    const length = Math.floor(header / 2);
    if (header % 2 === 1) {
      check(length * width <= cursor.bytes.length - cursor.at + 8, 'packed numbers are truncated');
      for (let i = 0; width === 1 && i < Math.min(8 * length, count - seen); i++) {
        ones += (cursor.bytes[cursor.at + (i >> 3)]! >> (i & 7)) & 1;
      }
      cursor.at += length * width;
      seen += 8 * length;
    } else {
      check(length <= count - seen, 'a run is longer than its page');
      if (width === 1 && cursor.bytes[cursor.at] === 1) ones += length;
      cursor.at += Math.ceil(width / 8);
      seen += length;
    }
    check(length > 0, 'a run is empty');
  }
  return ones;
}

/** Checks blocks of differences. Throws a RangeError for blocks that the format does not allow. */
function checkDifferences(cursor: Cursor, count: number): void {
  const [block, parts] = [readVarint(cursor), readVarint(cursor)];
  readVarint(cursor);
  readVarint(cursor);
  const each = block / parts;
  check(
    block <= MAX_BLOCK_VALUES && parts > 0 && Number.isInteger(each / 8),
    'blocks of differences have the wrong size',
  );
  for (let left = count - 1; left > 0; ) {
    readVarint(cursor);
    const widths = cursor.bytes.subarray(cursor.at, cursor.at + parts);
    cursor.at += parts;
    check(cursor.at <= cursor.bytes.length, 'differences are truncated');
    for (let i = 0; i < parts && left > 0; i++, left -= each) {
      check(widths[i]! <= 64, 'differences have more than 64 bits');
      cursor.at += (widths[i]! * each) / 8;
    }
  }
}

/** Checks the values of a page. */
function checkValues(bytes: Uint8Array, encoding: string, count: number, type: string): void {
  check([...DICTIONARY, ...SUPPORTED].includes(encoding), `the encoding ${encoding} is not supported`);
  const cursor: Cursor = { bytes, at: 0 };
  if (DICTIONARY.includes(encoding) || encoding === 'RLE') {
    check(encoding !== 'RLE' || type === 'BOOLEAN', 'runs are of booleans only');
    const width = type === 'BOOLEAN' ? 1 : (bytes[cursor.at++] ?? 0);
    check(width <= 32, 'indices have more than 32 bits');
    // The parser reads a length before booleans.
    if (type === 'BOOLEAN') cursor.at += 4;
    if (width > 0) checkRuns(cursor, width, count);
  } else if (encoding.startsWith('DELTA') && count > 0) checkDifferences(cursor, count);
}

/** The parts of a page: its levels, its values, and their number. */
interface Parts {
  readonly levels: Uint8Array;
  readonly values: Uint8Array;
  readonly encoding: string;
  readonly count: number;
}

/** Splits a page into its levels and values. */
function partsOf(header: PageHeader, packed: Uint8Array, hasLevels: boolean, unpack: Unpack): Parts {
  const size = header.uncompressed_page_size;
  const { data_page_header: first, data_page_header_v2: second } = header;
  if (header.type === 'DATA_PAGE_V2' && second !== undefined) {
    const { definition_levels_byte_length: length, repetition_levels_byte_length: repeated } = second;
    check(length >= 0 && length <= Math.min(packed.length, size) && repeated === 0, 'levels are truncated');
    const rest = packed.subarray(length);
    const values = second.is_compressed !== false && size > length ? unpack(rest, size - length) : rest;
    return { levels: packed.subarray(0, length), values, encoding: second.encoding, count: second.num_values };
  }
  check(header.type === 'DATA_PAGE' && first !== undefined, 'a page has no header of its kind');
  const page = unpack(packed, size);
  const { encoding, num_values: count } = first;
  if (!hasLevels) return { levels: new Uint8Array(0), values: page, encoding, count };
  check(page.length >= 4, 'levels are truncated');
  const length = new DataView(page.buffer, page.byteOffset, 4).getUint32(0, true);
  check(length <= page.length - 4, 'levels are truncated');
  return { levels: page.subarray(4, 4 + length), values: page.subarray(4 + length), encoding, count };
}

/**
 * Checks the pages of a column of `rows` values.
 *
 * @throws RangeError for a page that is truncated, too large, or has more values than the column, or runs that are too
 *   long.
 */
export function checkPages(bytes: Uint8Array, rows: number, { type, element }: ColumnDecoder, unpack: Unpack): void {
  const hasLevels = element.repetition_type === 'OPTIONAL';
  let seen = 0;
  for (let at = 0; seen < rows; ) {
    const cursor: Cursor = { bytes, at };
    checkStruct(cursor);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const header = parquetHeader({ view, offset: at });
    const size = header.compressed_page_size;
    check(size >= 0 && size <= bytes.length - cursor.at, 'a page is truncated');
    const { uncompressed_page_size: length, dictionary_page_header: dictionary } = header;
    check(length >= 0 && length <= MAX_PAGE_BYTES, `a page has more than ${MAX_PAGE_BYTES} bytes`);
    const packed = bytes.subarray(cursor.at, cursor.at + size);
    at = cursor.at + size;
    if (header.type === 'DICTIONARY_PAGE') {
      const count = dictionary?.num_values ?? -1;
      check(count >= 0 && count <= 8 * length, 'a dictionary has more values than bits');
      unpack(packed, length);
      continue;
    }
    const { levels, values, encoding, count } = partsOf(header, packed, hasLevels, unpack);
    check(count > 0 && count <= rows - seen, 'a page has more values than its column');
    const nulls = hasLevels ? count - checkRuns({ bytes: levels, at: 0 }, 1, count) : 0;
    const isNull = header.data_page_header_v2?.num_nulls ?? nulls;
    check(isNull === nulls, 'the number of nulls in a page differs from its header');
    checkValues(values, encoding, count - nulls, type);
    seen += count;
  }
}
