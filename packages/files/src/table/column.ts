/** The columns of a table: their kinds, values and missing values. */

import { ArgumentError } from '@tapegrad/core';

/** The kinds of columns. */
export type ColumnKind = 'number' | 'integer' | 'boolean' | 'category' | 'text';

/** The name, kind and categories of a column. */
export interface ColumnSchema {
  readonly name: string;
  readonly kind: ColumnKind;
  /** The values of a column of kind `category`, sorted; empty for other kinds. */
  readonly categories: readonly string[];
}

/** A column of a table. */
export interface Column extends ColumnSchema {
  /** The number of rows. */
  readonly length: number;
  /**
   * A number for each row, NaN where the value is missing. For a boolean it is 0 or 1, for a category its index in
   * `categories`. Empty for text.
   */
  readonly numbers: Float64Array;
  /** A text for each row, `undefined` where the value is missing. Empty for kinds other than `text`. */
  readonly texts: readonly (string | undefined)[];
  /** The number of missing values. */
  readonly missing: number;
  /** The texts of missing values in the file, with the number of occurrences of each. */
  readonly missingAs: ReadonlyMap<string, number>;
}

/** Returns whether the value of a row is missing. */
export const isMissing = (column: Column, row: number): boolean =>
  column.kind === 'text' ? column.texts[row] === undefined : Number.isNaN(column.numbers[row]);

/** Returns the value of a row: a number, a boolean or a text; `undefined` if it is missing. */
export function valueAt(column: Column, row: number): number | boolean | string | undefined {
  if (isMissing(column, row)) return undefined;
  const number = column.numbers[row]!;
  if (column.kind === 'text') return column.texts[row];
  if (column.kind === 'category') return column.categories[number];
  return column.kind === 'boolean' ? number === 1 : number;
}

/** Returns the column of some rows. */
export function takeRows(column: Column, rows: ArrayLike<number>): Column {
  const isText = column.kind === 'text';
  const numbers = new Float64Array(isText ? 0 : rows.length);
  const texts = new Array<string | undefined>(isText ? rows.length : 0);
  let missing = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (isText) texts[i] = column.texts[row];
    else numbers[i] = column.numbers[row]!;
    if (isMissing(column, row)) missing++;
  }
  // The texts of single missing values aren't stored, so they can't be counted.
  const missingAs = missing === column.missing ? column.missingAs : new Map(missing > 0 ? [['', missing]] : []);
  return { ...column, length: rows.length, numbers, texts, missing, missingAs };
}

/** Throws for a column of text, which can't be converted to numbers. */
export function checkNumeric(call: string, { name, kind }: ColumnSchema): void {
  if (kind !== 'text') return;
  throw new ArgumentError(
    `${call}: column '${name}' is text, which has no numbers; leave it out, or read it as a category`,
  );
}
