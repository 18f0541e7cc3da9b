/** Reads columns of Parquet files. The parser is hyparquet. */

import { ArgumentError } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import type { Compressors, DecodedArray } from 'hyparquet';
import { readColumn } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { getSchemaPath } from 'hyparquet/src/schema.js';
import { FormatError } from '../format-error.ts';
import { type ByteSource, bytesSource } from '../sources/byte-source.ts';
import type { Column, ColumnSchema } from '../table/column.ts';
import { Table } from '../table/table.ts';
import { unpacker } from './codecs.ts';
import { columnOf } from './columns.ts';
import { type FlatColumn, type ParquetMetadata, type RowGroup, readMetadata } from './metadata.ts';
import { type ColumnDecoder, checkPages } from './pages.ts';

/** The options of reading a table. */
export interface ParquetOptions {
  /** The names of the columns to read, in this order. Defaults to all. Nested columns can't be read. */
  readonly columns?: readonly string[];
  /**
   * The `table.schema` of another file: the names, kinds and categories of columns. The kinds of other columns are
   * inferred.
   */
  readonly schema?: readonly ColumnSchema[];
  /** The maximum number of values to read at once: rows times columns. Defaults to 2^27. */
  readonly maxValues?: number;
}

const OPTIONS = ['columns', 'schema', 'maxValues'] as const;

const MAX_VALUES = 2 ** 27;

/** An open Parquet file whose columns are read on demand. */
export interface ParquetFile {
  /** The names of the columns, including nested ones. */
  readonly names: readonly string[];
  /** The number of rows. */
  readonly length: number;
  /** The number of groups of rows. */
  readonly groups: number;
  /**
   * Reads columns of all rows. A column of texts with at most 256 different values, which occur at least twice on
   * average, becomes a category column.
   *
   * @throws FormatError for a file that is broken, a column that is nested or holds bytes, and more than `maxValues` values.
   */
  table(options?: ParquetOptions): Promise<Table>;
  /** Reads columns as one table for each group of rows. Texts remain texts, unless `schema` specifies otherwise. */
  tables(options?: ParquetOptions): AsyncGenerator<Table, void, undefined>;
}

/** Returns the requested columns. */
function chosen(name: string, { columns, nested }: ParquetMetadata, options: ParquetOptions): readonly FlatColumn[] {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const wanted = options.columns ?? [...byName.keys(), ...nested];
  return wanted.map((wantedName) => {
    const found = byName.get(wantedName);
    if (found !== undefined) return found;
    if (nested.includes(wantedName)) {
      throw new FormatError(
        name,
        `column '${wantedName}' is nested or repeated; choose other columns with { columns: […] }`,
      );
    }
    throw new ArgumentError(
      `table: there is no column ${describeValue(wantedName)}, expected one of ${[...byName.keys()].join(', ')}`,
    );
  });
}

/** Reads the values of a column in a group of rows. */
async function readValues(
  source: ByteSource,
  { file }: ParquetMetadata,
  group: RowGroup,
  name: string,
): Promise<DecodedArray[]> {
  const part = group.columns.get(name);
  if (part === undefined) throw new FormatError(source.name, `a row group lacks column '${name}'`);
  const { meta, start, length } = part;
  // Copied, since the parser reads from the beginning of the buffer.
  const bytes = (await source.read(start, length)).slice();
  try {
    const schemaPath = getSchemaPath(file.schema, [name]);
    const unpack = await unpacker(meta.codec);
    const decoder: ColumnDecoder = {
      pathInSchema: [name],
      type: meta.type,
      element: schemaPath.at(-1)!.element,
      schemaPath,
      codec: meta.codec,
      parsers: DEFAULT_PARSERS,
      compressors: { [meta.codec]: unpack } as Compressors,
      utf8: false,
    };
    checkPages(bytes, group.rows, decoder, unpack);
    const selection = { groupStart: 0, selectStart: 0, selectEnd: group.rows, groupRows: group.rows };
    const { data } = readColumn({ view: new DataView(bytes.buffer), offset: 0 }, selection, decoder);
    const count = data.reduce((sum, piece) => sum + piece.length, 0);
    if (count !== group.rows) throw new RangeError(`got ${count} values of ${group.rows}`);
    return data;
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(source.name, `column '${name}': ${(error as Error).message}`, start);
  }
}

/** Reads columns of some groups of rows. */
async function readTable(
  source: ByteSource,
  metadata: ParquetMetadata,
  groups: readonly RowGroup[],
  options: ParquetOptions,
  inferCategories: boolean,
): Promise<Table> {
  checkOptions('table', options, OPTIONS);
  const columns = chosen(source.name, metadata, options);
  const { maxValues = MAX_VALUES, schema = [] } = options;
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  if (rows * columns.length > maxValues) {
    const got = `${rows} rows of ${columns.length} columns`;
    throw new FormatError(
      source.name,
      `expected at most ${maxValues} values, got ${got}; choose fewer columns, or use tables()`,
    );
  }
  const read: Column[] = [];
  for (const column of columns) {
    const pieces: DecodedArray[] = [];
    for (const group of groups) {
      if (group.rows > 0) pieces.push(...(await readValues(source, metadata, group, column.name)));
    }
    const known = schema.find(({ name }) => name === column.name);
    read.push(columnOf(source.name, column, pieces, known, inferCategories));
  }
  return new Table(read);
}

/**
 * Opens a Parquet file, and reads only its metadata; `table` then reads columns.
 *
 * Numbers keep their values: a 64-bit integer beyond 2^53 becomes a text with its digits. Dates and times become texts
 * in ISO 8601 format, with milliseconds. Nulls and NaN count as missing.
 *
 * @throws FormatError for a file that is truncated, encrypted, or whose metadata are broken.
 * @example
 * const count = async (bytes: Uint8Array) => {
 *   const file = await openParquet(bytesSource(bytes, 'train.parquet'));
 *   const table = await file.table({ columns: ['age', 'fare'] });
 *   return table.withoutMissing().tensor(['age', 'fare']);
 * };
 */
export async function openParquet(source: ByteSource): Promise<ParquetFile> {
  const metadata = await readMetadata(source);
  const { columns, nested, length, groups } = metadata;
  return {
    names: [...columns.map(({ name }) => name), ...nested],
    length,
    groups: groups.length,
    table: (options = {}) => readTable(source, metadata, groups, options, true),
    async *tables(options = {}) {
      for (const group of groups) yield readTable(source, metadata, [group], options, false);
    },
  };
}

/** The options of `decodeParquet`. */
export interface DecodeParquetOptions extends ParquetOptions {
  /** The name of the file in messages. Defaults to `bytes`. */
  readonly name?: string;
}

/**
 * Decodes the bytes of a Parquet file to a table. See `openParquet`.
 *
 * @throws FormatError for the same reasons as `openParquet` and its `table`.
 * @example
 * const decode = async (bytes: Uint8Array) => (await decodeParquet(bytes, { columns: ['species'] })).toString();
 */
export async function decodeParquet(bytes: Uint8Array, options: DecodeParquetOptions = {}): Promise<Table> {
  checkOptions('decodeParquet', options, ['name', ...OPTIONS]);
  const { name, ...rest } = options;
  return (await openParquet(bytesSource(bytes, name))).table(rest);
}
