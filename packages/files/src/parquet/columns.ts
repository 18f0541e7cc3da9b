/** Converts values in Parquet files to columns of a table. */

import type { DecodedArray } from 'hyparquet';
import { FormatError } from '../format-error.ts';
import { ColumnBuilder } from '../table/builder.ts';
import { isCategorical, sortedCategories } from '../table/categories.ts';
import type { Column, ColumnKind, ColumnSchema } from '../table/column.ts';
import type { FlatColumn } from './metadata.ts';

/** A value of a column: a number, a boolean or a text; `undefined` if it is missing. */
type Value = number | boolean | string | undefined;

/** The text recorded for missing values in `missingAs`. */
const NULL = 'null';

/** Converts a value from the parser to a value of a column. Throws if a column can't contain it. */
function plainValue(raw: unknown): Value {
  if (raw === null || raw === undefined || typeof raw === 'boolean' || typeof raw === 'string') return raw ?? undefined;
  if (typeof raw === 'number') return raw;
  if (typeof raw === 'bigint') return Number.isSafeInteger(Number(raw)) ? Number(raw) : String(raw);
  if (raw instanceof Date) return Number.isNaN(raw.getTime()) ? undefined : raw.toISOString();
  throw new RangeError(raw instanceof Uint8Array ? 'it holds bytes' : 'it holds nested values');
}

const isInteger = ({ type, converted_type: converted }: FlatColumn['element']): boolean =>
  (type === 'INT32' || type === 'INT64') && converted !== 'DECIMAL';

/** Infers the kind of a column from its values and its type in the file. */
function kindOf(values: readonly Value[], element: FlatColumn['element']): ColumnKind {
  if (values.some((value) => typeof value === 'string')) return 'text';
  if (values.some((value) => typeof value === 'boolean')) return 'boolean';
  return isInteger(element) ? 'integer' : 'number';
}

/** Returns the schema of a column: the given one, or one inferred from its values. */
function schemaOf(
  { name, element }: FlatColumn,
  values: readonly Value[],
  known: ColumnSchema | undefined,
  inferCategories: boolean,
): ColumnSchema {
  if (known !== undefined) return known;
  const kind = kindOf(values, element);
  if (kind !== 'text' || !inferCategories) return { name, kind, categories: [] };
  const texts = values.filter((value) => value !== undefined).map(String);
  const distinct = new Set(texts);
  if (!isCategorical(distinct.size, texts.length)) return { name, kind, categories: [] };
  return { name, kind: 'category', categories: sortedCategories(distinct) };
}

/** Makes a column from the values that the parser returned for the row groups. NaN counts as missing. */
export function columnOf(
  file: string,
  column: FlatColumn,
  pieces: readonly DecodedArray[],
  known: ColumnSchema | undefined,
  inferCategories: boolean,
): Column {
  const wrong = (message: string) => new FormatError(file, `column '${column.name}': ${message}`);
  const values: Value[] = [];
  try {
    for (const piece of pieces) for (const raw of piece) values.push(plainValue(raw));
  } catch (error) {
    throw wrong(`${(error as Error).message}; choose other columns with { columns: […] }`);
  }
  const schema = schemaOf(column, values, known, inferCategories);
  const builder = new ColumnBuilder(schema);
  for (const [row, value] of values.entries()) {
    if (value === undefined || Number.isNaN(value)) builder.addMissing(value === undefined ? NULL : 'NaN');
    else if (schema.kind === 'text') builder.addText(String(value));
    else {
      const isOfKind = schema.kind === 'boolean' ? typeof value === 'boolean' : typeof value === 'number';
      const number = schema.kind === 'category' ? builder.indexOf(String(value)) : isOfKind ? Number(value) : undefined;
      if (number === undefined || (schema.kind === 'integer' && !Number.isInteger(number))) {
        throw wrong(`row ${row}: expected a value of kind ${schema.kind}, got ${String(value).slice(0, 80)}`);
      }
      builder.addNumber(number);
    }
  }
  return builder.build();
}
