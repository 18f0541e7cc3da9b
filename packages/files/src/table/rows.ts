/** Makes tables of rows that are objects. */

import { ArgumentError } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';
import { ColumnBuilder } from './builder.ts';
import type { ColumnSchema } from './column.ts';
import { Table } from './table.ts';

const isMissingValue = (value: unknown): boolean => value === null || value === undefined || Number.isNaN(value);

/** Adds the value of a row to a column. Throws if it is not of the column's kind. */
function add(builder: ColumnBuilder, value: unknown, row: number): void {
  const { name, kind, categories } = builder.schema;
  const index = typeof value === 'string' ? builder.indexOf(value) : undefined;
  if (isMissingValue(value)) builder.addMissing(String(value));
  else if (kind === 'text' && typeof value === 'string') builder.addText(value);
  else if (kind === 'category' && index !== undefined) builder.addNumber(index);
  else if (kind === 'boolean' && typeof value === 'boolean') builder.addNumber(Number(value));
  else if (kind === 'number' && typeof value === 'number') builder.addNumber(value);
  else if (kind === 'integer' && Number.isInteger(value)) builder.addNumber(value as number);
  else {
    const known = categories.map((category) => `'${category}'`).join(', ');
    const wanted = kind === 'category' ? `one of ${known}` : `of kind ${kind}`;
    throw new ArgumentError(
      `tableOfRows: '${name}' of row ${row} is ${describeValue(value)}, expected ${wanted}, or null if it is missing`,
    );
  }
}

/**
 * Makes a table of rows that are objects, such as the body of a request that asks for a prediction. With the schema of
 * the training table, `tensor` then gives the same features as in training.
 *
 * @param rows Objects with a number, boolean or text for each column; null or NaN where a value is missing.
 * @param schema The names, kinds and categories of the columns, for example `train.select(names).schema`.
 * @throws ArgumentError if a row lacks a column, has one that is not in the schema, or has a value of another kind.
 * @example
 * import { decodeCsv, tableOfRows } from '@tapegrad/files/csv';
 * const { schema } = decodeCsv('age,city\n30,Oslo\n40,Bergen\n50,Oslo\n20,Bergen\n');
 * const asked = tableOfRows([{ age: null, city: 'Oslo' }], schema);
 * asked.tensor(['age', 'city'], { missing: { age: 35 }, categories: 'oneHot' }).toArray(); // [[35, 0, 1]]
 */
export function tableOfRows(
  rows: readonly Readonly<Record<string, unknown>>[],
  schema: readonly ColumnSchema[],
): Table {
  if (!Array.isArray(rows)) throw new ArgumentError(`tableOfRows: expected a list of rows, got ${describeValue(rows)}`);
  if (!Array.isArray(schema)) {
    throw new ArgumentError(`tableOfRows: expected the schema of a table, got ${describeValue(schema)}`);
  }
  const builders = schema.map((column) => new ColumnBuilder(column));
  const names = new Set(builders.map((builder) => builder.schema.name));
  rows.forEach((row: unknown, i) => {
    if (typeof row !== 'object' || row === null) {
      throw new ArgumentError(`tableOfRows: expected an object as row ${i}, got ${describeValue(row)}`);
    }
    const extra = Object.keys(row).find((name) => !names.has(name));
    if (extra !== undefined) {
      throw new ArgumentError(`tableOfRows: row ${i} has '${extra}', expected only ${[...names].join(', ')}`);
    }
    for (const builder of builders) {
      const { name } = builder.schema;
      if (!Object.hasOwn(row, name)) {
        throw new ArgumentError(`tableOfRows: row ${i} has no '${name}'; write null for a missing value`);
      }
      add(builder, row[name as keyof typeof row], i);
    }
  });
  return new Table(builders.map((builder) => builder.build()));
}
