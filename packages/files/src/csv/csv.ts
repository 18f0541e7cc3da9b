/** Decodes CSV files (RFC 4180) to tables. The parser is Papa Parse. */

import { ArgumentError } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { FormatError } from '../format-error.ts';
import type { ByteSource } from '../sources/byte-source.ts';
import { ColumnBuilder } from '../table/builder.ts';
import type { ColumnKind, ColumnSchema } from '../table/column.ts';
import { Table } from '../table/table.ts';
import { booleanIn, ColumnProfile, integerIn, MISSING_NAMES, numberIn } from './inference.ts';
import { type RecordOptions, recordParser } from './records.ts';

/** The options of `decodeCsv` and `openCsv`. */
export interface CsvOptions extends RecordOptions {
  /**
   * Whether the first record contains the names of the columns. For a file without such a record, the list of names.
   * Defaults to true.
   */
  readonly header?: boolean | readonly string[];
  /**
   * The texts that mean a missing value, in any column. Defaults to the empty text, `NA`, `N/A`, `NaN`, `null`, `None`,
   * `?` and similar ones.
   */
  readonly missing?: readonly string[];
  /** The kinds of columns by name. The kinds of other columns are inferred. */
  readonly kinds?: Readonly<Record<string, ColumnKind>>;
  /**
   * The `table.schema` of another file: the names, kinds and categories of columns. The kinds of other columns are
   * inferred.
   */
  readonly schema?: readonly ColumnSchema[];
}

const OPTIONS = ['name', 'delimiter', 'encoding', 'maxBytes', 'header', 'missing', 'kinds', 'schema'] as const;
const KINDS: readonly string[] = ['number', 'integer', 'boolean', 'category', 'text'] satisfies ColumnKind[];

/** The maximum number of columns, more than any data set has. */
const MAX_COLUMNS = 2 ** 16;

/** The number of bytes read at once from a large file. */
const READ_BYTES = 2 ** 20;

const WANTED = {
  number: 'a number',
  integer: 'an integer',
  boolean: 'true or false',
  category: 'a category of the schema',
  text: 'a text',
};

function checkCsvOptions(call: string, options: CsvOptions): void {
  checkOptions(call, options, OPTIONS);
  for (const [name, kind] of Object.entries(options.kinds ?? {})) {
    if (KINDS.includes(kind)) continue;
    throw new ArgumentError(`${call}: kinds: expected ${KINDS.join(', ')} for '${name}', got ${describeValue(kind)}`);
  }
}

/** The names of the columns, from the first record or the options. */
function columnNames(file: string, first: readonly string[], { header = true }: CsvOptions): readonly string[] {
  if (first.length > MAX_COLUMNS) {
    throw new FormatError(file, `expected at most ${MAX_COLUMNS} columns, got ${first.length}`);
  }
  const given = header === true ? first.map((name) => name.trim()) : header === false ? first.map(() => '') : header;
  if (given.length !== first.length) {
    throw new FormatError(
      file,
      `header names ${given.length} columns, but the first record has ${first.length} values`,
    );
  }
  const names = given.map((name, i) => (name === '' ? `column ${i + 1}` : name));
  const places = new Map<string, number>();
  for (const [i, name] of names.entries()) {
    const other = places.get(name);
    if (other !== undefined) {
      throw new FormatError(
        file,
        `columns ${other + 1} and ${i + 1} are both called '${name}'; name the columns with { header: […] }`,
      );
    }
    places.set(name, i);
  }
  return names;
}

/**
 * Goes through the records of a file: reads the names of the columns, drops empty lines, and checks that each record
 * has one value for each column.
 */
class Walk {
  names: readonly string[] | undefined;
  readonly #file: string;
  readonly #options: CsvOptions;
  readonly #onRecord: (record: readonly string[], number: number) => void;
  #count = 0;

  constructor(options: CsvOptions, onRecord: (record: readonly string[], number: number) => void) {
    this.#file = options.name ?? 'bytes';
    this.#options = options;
    this.#onRecord = onRecord;
  }

  /** The number of records, not counting the header. */
  get count(): number {
    return this.#count;
  }

  take(records: readonly (readonly string[])[]): void {
    for (const record of records) {
      if (record.length === 1 && record[0]!.trim() === '') continue;
      if (this.names === undefined) {
        this.names = columnNames(this.#file, record, this.#options);
        if ((this.#options.header ?? true) === true) continue;
      }
      this.#count++;
      if (record.length !== this.names.length) {
        throw new FormatError(
          this.#file,
          `record ${this.#count}: expected ${this.names.length} values as in the first one, got ${record.length}`,
        );
      }
      this.#onRecord(record, this.#count);
    }
  }

  /** Returns the names of the columns. Throws for a file without any. */
  checkedNames(): readonly string[] {
    if (this.names === undefined) throw new FormatError(this.#file, 'expected a header and records, got nothing', 0);
    return this.names;
  }
}

/** Infers the kinds of the columns from the records. */
class Inference {
  readonly #options: CsvOptions;
  readonly #missing: ReadonlySet<string>;
  readonly #given: ReadonlyMap<string, ColumnSchema>;
  #profiles: readonly (ColumnProfile | undefined)[] | undefined;

  constructor(options: CsvOptions) {
    this.#options = options;
    this.#missing = new Set(options.missing ?? MISSING_NAMES);
    this.#given = new Map(options.schema?.map((column) => [column.name, column]));
  }

  #profilesOf(names: readonly string[]): readonly (ColumnProfile | undefined)[] {
    const { name = 'bytes', kinds = {} } = this.#options;
    const lacking = [...this.#given.keys(), ...Object.keys(kinds)].find((column) => !names.includes(column));
    if (lacking !== undefined) {
      throw new FormatError(name, `expected a column '${lacking}', got ${names.slice(0, 20).join(', ')}`);
    }
    const kindOf = (column: string) => (Object.hasOwn(kinds, column) ? kinds[column] : undefined);
    return names.map((column) => (this.#given.has(column) ? undefined : new ColumnProfile(column, kindOf(column))));
  }

  add(names: readonly string[], record: readonly string[]): void {
    this.#profiles ??= this.#profilesOf(names);
    for (let i = 0; i < record.length; i++) {
      const value = record[i]!.trim();
      if (!this.#missing.has(value)) this.#profiles[i]?.add(value);
    }
  }

  schema(names: readonly string[]): readonly ColumnSchema[] {
    this.#profiles ??= this.#profilesOf(names);
    return names.map((name, i) => {
      try {
        return this.#profiles![i]?.schema() ?? this.#given.get(name)!;
      } catch (error) {
        throw new FormatError(this.#options.name ?? 'bytes', `column '${name}': ${(error as Error).message}`);
      }
    });
  }
}

/** Converts records to columns. */
class Conversion {
  readonly #file: string;
  readonly #missing: ReadonlySet<string>;
  readonly #builders: readonly ColumnBuilder[];

  constructor(schema: readonly ColumnSchema[], options: CsvOptions) {
    this.#file = options.name ?? 'bytes';
    this.#missing = new Set(options.missing ?? MISSING_NAMES);
    this.#builders = schema.map((column) => new ColumnBuilder(column));
  }

  add(record: readonly string[], number: number): void {
    for (let i = 0; i < record.length; i++) {
      const value = record[i]!.trim();
      const builder = this.#builders[i]!;
      if (this.#missing.has(value)) builder.addMissing(value);
      else this.#addValue(builder, value, number);
    }
  }

  #addValue(builder: ColumnBuilder, text: string, number: number): void {
    const { name, kind } = builder.schema;
    if (kind === 'text') {
      builder.addText(text);
      return;
    }
    const read = {
      number: numberIn,
      integer: integerIn,
      boolean: booleanIn,
      category: (x: string) => builder.indexOf(x),
    };
    const value = read[kind](text);
    if (value === undefined) {
      throw new FormatError(
        this.#file,
        `record ${number}, column '${name}': expected ${WANTED[kind]}, got ${describeValue(text)}`,
      );
    }
    builder.addNumber(value);
  }

  build(): Table {
    return new Table(this.#builders.map((builder) => builder.build()));
  }
}

/**
 * Decodes a CSV file, compressed with gzip or not, to a table. The first record contains the names of the columns.
 * Spaces around values are dropped, and so are empty lines.
 *
 * The kind of a column is inferred from all of its values that aren't missing. It is the first kind in this list that
 * fits all of these values:
 *
 * - `boolean`: `true` and `false`, in any case;
 * - `integer`: up to 2^53, without leading zeros, so that `007` remains a text;
 * - `number`: decimal, optionally with a point and an exponent, or an infinity;
 * - `category`: at most 256 different texts, which occur at least twice on average;
 * - `text`: everything else.
 *
 * @throws FormatError for a file without a header, two columns of one name, records of different lengths, quotes that
 *   don't match, bytes of another encoding, a value that doesn't have the kind that `kinds` or `schema` gives its
 *   column, and a column in `kinds` or `schema` that is not in the file.
 * @example
 * const table = decodeCsv('sex,age,survived\nmale,22,false\nfemale,,true\nfemale,26,true\nmale,35,false\n');
 * table.schema.map(({ kind }) => kind); // ['category', 'integer', 'boolean']
 * table.column('sex').categories; // ['female', 'male']
 * const x = table.tensor(['sex', 'age'], { categories: 'oneHot', missing: { age: 28 } });
 * x.toArray(); // [[0, 1, 22], [1, 0, 28], [1, 0, 26], [0, 1, 35]]
 */
export function decodeCsv(content: Uint8Array | string, options: CsvOptions = {}): Table {
  checkCsvOptions('decodeCsv', options);
  const isText = typeof content === 'string';
  const bytes = isText ? new TextEncoder().encode(content) : content;
  const given = isText ? { ...options, encoding: 'utf-8' } : options;
  const records: (readonly string[])[] = [];
  const inference = new Inference(given);
  const walk = new Walk(given, (record) => {
    records.push(record);
    inference.add(walk.names!, record);
  });
  recordParser(given, (some) => walk.take(some))(bytes, true);
  const conversion = new Conversion(inference.schema(walk.checkedNames()), given);
  for (const [i, record] of records.entries()) conversion.add(record, i + 1);
  return conversion.build();
}

/** A CSV file that is read piece by piece. */
export interface CsvFile {
  /** The columns, with their kinds and categories. */
  readonly schema: readonly ColumnSchema[];
  /** The number of records, not counting the header. */
  readonly length: number;
  /**
   * Reads the file from its beginning, as tables of `rows` rows; the last one may have fewer.
   *
   * @throws FormatError if the file has changed, or can't be read.
   */
  tables(rows: number): AsyncGenerator<Table, void, undefined>;
}

/** Yields the bytes of a file in pieces. */
async function* pieces(source: ByteSource): AsyncGenerator<{ bytes: Uint8Array; isLast: boolean }, void, undefined> {
  for (let start = 0; start < source.size || start === 0; start += READ_BYTES) {
    const length = Math.min(READ_BYTES, source.size - start);
    yield { bytes: await source.read(start, length), isLast: start + length >= source.size };
  }
}

/**
 * Opens a CSV file of any size, compressed with gzip or not. The file is read once to infer the kinds of its columns,
 * and then once for each call of `tables`, a few MiB at a time. See `decodeCsv`.
 *
 * @throws FormatError for the same reasons as `decodeCsv`.
 * @example
 * import { bytesSource } from '@tapegrad/files';
 * const source = bytesSource(new TextEncoder().encode('x,y\n1,2\n3,4\n5,6\n'), 'xy.csv');
 * const file = await openCsv(source);
 * const batches: number[][][] = [];
 * for await (const table of file.tables(2)) batches.push(table.tensor(['x', 'y']).toArray());
 * batches; // [[[1, 2], [3, 4]], [[5, 6]]]
 */
export async function openCsv(source: ByteSource, options: CsvOptions = {}): Promise<CsvFile> {
  checkCsvOptions('openCsv', options);
  const given = { name: source.name, ...options };
  const inference = new Inference(given);
  const first = new Walk(given, (record) => inference.add(first.names!, record));
  const push = recordParser(given, (records) => first.take(records));
  for await (const { bytes, isLast } of pieces(source)) push(bytes, isLast);
  const schema = inference.schema(first.checkedNames());
  return {
    schema,
    length: first.count,
    async *tables(rows) {
      if (!Number.isInteger(rows) || rows < 1) {
        throw new ArgumentError(`tables: expected a number of rows, at least 1, got ${describeValue(rows)}`);
      }
      const conversion = new Conversion(schema, given);
      const ready: Table[] = [];
      let waiting = 0;
      const walk = new Walk(given, (record, number) => {
        conversion.add(record, number);
        if (++waiting < rows) return;
        ready.push(conversion.build());
        waiting = 0;
      });
      const parse = recordParser(given, (records) => walk.take(records));
      for await (const { bytes, isLast } of pieces(source)) {
        parse(bytes, isLast);
        yield* ready.splice(0);
      }
      if (waiting > 0) yield conversion.build();
    },
  };
}
