/** The metadata at the end of a Parquet file, checked against its size. */

import { type ColumnMetaData, type FileMetaData, parquetMetadata, type SchemaElement } from 'hyparquet';
import { FormatError } from '../format-error.ts';
import type { ByteSource } from '../sources/byte-source.ts';
import { checkStruct } from './thrift.ts';

/** The bytes `PAR1`, with which a file begins and ends. */
const MAGIC = 0x31524150;

/** The maximum size of the metadata, more than any real file has. */
const MAX_METADATA_BYTES = 2 ** 26;

/** A column of the file that is neither nested nor repeated. */
export interface FlatColumn {
  readonly name: string;
  readonly element: SchemaElement;
}

/** A group of rows, with the position of the values of each column. */
export interface RowGroup {
  readonly rows: number;
  readonly columns: ReadonlyMap<
    string,
    { readonly meta: ColumnMetaData; readonly start: number; readonly length: number }
  >;
}

/** The metadata of a file. */
export interface ParquetMetadata {
  readonly file: FileMetaData;
  readonly length: number;
  readonly columns: readonly FlatColumn[];
  /** The names of columns that are nested or repeated. */
  readonly nested: readonly string[];
  readonly groups: readonly RowGroup[];
}

/** Returns the columns of the schema, a tree that is stored in depth-first order. */
function columnsOf(schema: readonly SchemaElement[]): { columns: FlatColumn[]; nested: string[] } {
  const [columns, nested]: [FlatColumn[], string[]] = [[], []];
  const walk = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (schema[at]?.num_children ?? 0) && next < schema.length; child++) next = walk(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = walk(at)) {
    const element = schema[at]!;
    const isFlat = !element.num_children && element.type !== undefined && element.repetition_type !== 'REPEATED';
    if (isFlat) columns.push({ name: element.name, element });
    else nested.push(element.name);
  }
  return { columns, nested };
}

function groupsOf(name: string, metadata: FileMetaData, columns: readonly FlatColumn[], size: number): RowGroup[] {
  const types = new Map(columns.map((column) => [column.name, column.element.type]));
  return metadata.row_groups.map((group, g) => {
    const rows = Number(group.num_rows);
    const wrong = (message: string) => new FormatError(name, `row group ${g}: ${message}`, size - 8);
    if (!Number.isSafeInteger(rows) || rows < 0) throw wrong(`expected a number of rows, got ${rows}`);
    const parts: [string, { meta: ColumnMetaData; start: number; length: number }][] = [];
    for (const { meta_data: meta, file_path: path } of group.columns) {
      if (meta === undefined || path) throw wrong('its columns are encrypted, or in other files');
      const [column, ...more] = meta.path_in_schema;
      if (column === undefined || more.length > 0 || !types.has(column)) continue;
      const first = Number(meta.data_page_offset);
      const dictionary = Number(meta.dictionary_page_offset ?? first);
      // Some writers give a dictionary offset of 0 if there is no dictionary.
      const start = dictionary > 0 && dictionary < first ? dictionary : first;
      const length = Number(meta.total_compressed_size);
      const isRange = Number.isSafeInteger(start) && Number.isSafeInteger(length) && start >= 4 && length >= 0;
      const isInside = rows === 0 || (isRange && start + length <= size);
      if (!isInside) throw wrong(`column '${column}' lies beyond the end of the file`);
      if (Number(meta.num_values) !== rows) throw wrong(`column '${column}' has ${meta.num_values} values of ${rows}`);
      if (meta.type !== types.get(column)) throw wrong(`column '${column}' has a type that differs from the schema`);
      parts.push([column, { meta, start, length }]);
    }
    return { rows, columns: new Map(parts) };
  });
}

/**
 * Reads the metadata of a file.
 *
 * @throws FormatError for a file that is truncated, encrypted, or whose metadata are broken or don't fit its size.
 */
export async function readMetadata(source: ByteSource): Promise<ParquetMetadata> {
  const { name, size } = source;
  if (size < 12) throw new FormatError(name, `expected a Parquet file, got ${size} bytes`, 0);
  const end = await source.read(size - 8, 8);
  const view = new DataView(end.buffer, end.byteOffset, end.length);
  if (view.getUint32(4, true) !== MAGIC) {
    throw new FormatError(
      name,
      "expected a Parquet file, which ends with 'PAR1'; it is truncated, encrypted, or in another format",
      size - 4,
    );
  }
  const length = view.getUint32(0, true);
  if (length > Math.min(size - 12, MAX_METADATA_BYTES)) {
    throw new FormatError(
      name,
      `expected metadata of at most ${Math.min(size - 12, MAX_METADATA_BYTES)} bytes, got ${length}`,
      size - 8,
    );
  }
  const footer = await source.read(size - 8 - length, length + 8);
  try {
    checkStruct({ bytes: footer.subarray(0, length), at: 0 });
    const file = parquetMetadata(footer, { geoparquet: false });
    const { columns, nested } = columnsOf(file.schema);
    const groups = groupsOf(name, file, columns, size);
    const rows = groups.reduce((sum, group) => sum + group.rows, 0);
    if (rows !== Number(file.num_rows)) throw new RangeError(`${file.num_rows} rows, but the groups have ${rows}`);
    if (new Set(columns.map((column) => column.name)).size < columns.length)
      throw new RangeError('columns of one name');
    return { file, length: rows, columns, nested, groups };
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(name, `broken metadata: ${(error as Error).message}`, size - 8 - length);
  }
}
