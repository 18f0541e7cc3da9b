/** Converts columns of a table to tensors. */

import { ArgumentError, type DType, DTypeError, type Tensor, tensor } from '@tapegrad/core';
import { describeValue, isFloat } from '@tapegrad/core/extend';
import { type Column, type ColumnSchema, checkNumeric, isMissing } from './column.ts';

/** The options of `table.tensor`. */
export interface ColumnTensorOptions {
  /**
   * The dtype. Defaults to float32 for several columns and for a column of numbers, int32 for integers and categories, bool
   * for booleans.
   */
  readonly dtype?: DType;
  /**
   * The replacement for missing values: one number, or a number for each column by its name. For float dtypes it may be
   * NaN. By default a missing value is an error.
   */
  readonly missing?: number | Readonly<Record<string, number>>;
  /**
   * The conversion of categories to numbers: `index` replaces a category by its index, and `oneHot` makes a column of
   * zeros and ones for each category. Defaults to `index` for a single column. For several columns there is no default,
   * since a model would treat the indices as quantities.
   */
  readonly categories?: 'index' | 'oneHot';
}

/** Throws if a dtype can't represent a value of a column; only fractions may be rounded. */
function checkFits(call: string, { name, kind }: Column, row: number, value: number, dtype: DType): void {
  if (isFloat(dtype)) {
    if (dtype === 'float64' || Number.isNaN(value) || kind !== 'integer') return;
    if (!Number.isInteger(value) || Math.fround(value) === value) return;
    throw new DTypeError(
      `${call}: column '${name}' has the integer ${value} in row ${row}, which float32 would round; use dtype: 'float64'`,
    );
  }
  if (dtype === 'bool' ? value === 0 || value === 1 : (value | 0) === value) return;
  throw new DTypeError(
    `${call}: column '${name}' has ${value} in row ${row}, which is not a valid ${dtype} value; use dtype: 'float64'`,
  );
}

/** Returns the replacement for missing values of a column. Throws if values are missing and there is no replacement. */
function fillOf(call: string, column: Column, options: ColumnTensorOptions): number {
  const { missing } = options;
  const fill = typeof missing === 'object' && missing !== null ? missing[column.name] : missing;
  if (fill !== undefined && typeof fill !== 'number') {
    throw new ArgumentError(`${call}: missing: expected numbers, got ${describeValue(fill)} for '${column.name}'`);
  }
  if (fill !== undefined || column.missing === 0) return fill ?? Number.NaN;
  let row = 0;
  while (!isMissing(column, row)) row++;
  const replacement = isExpanded(column, options)
    ? `missing: { ${JSON.stringify(column.name)}: 0 }, which makes them rows of zeros`
    : `a number for them, such as missing: { ${JSON.stringify(column.name)}: 0 } or missing: table.means()`;
  const mend = `drop the rows with withoutMissing(), or give ${replacement}`;
  throw new ArgumentError(
    `${call}: column '${column.name}' is missing ${column.missing} of ${column.length} values, the first in row ${row}; ${mend}`,
  );
}

const isExpanded = (column: ColumnSchema, options: ColumnTensorOptions): boolean =>
  column.kind === 'category' && options.categories === 'oneHot';

/** Returns the names of the columns of a matrix, for example `species=setosa` for a one-hot category. */
export const featureNames = (columns: readonly ColumnSchema[], options: ColumnTensorOptions): readonly string[] =>
  columns.flatMap((column) =>
    isExpanded(column, options) ? column.categories.map((category) => `${column.name}=${category}`) : [column.name],
  );

/**
 * Writes the numbers of a column into a matrix with rows of `width` numbers, beginning at column `start`. Returns the
 * number of columns written.
 */
function fillColumn(
  call: string,
  column: Column,
  into: Float64Array,
  [start, width]: readonly [number, number],
  dtype: DType,
  options: ColumnTensorOptions,
): number {
  checkNumeric(call, column);
  const isOneHot = isExpanded(column, options);
  const fill = fillOf(call, column, options);
  if (isOneHot && column.missing > 0 && fill !== 0) {
    throw new ArgumentError(
      `${call}: column '${column.name}' is missing ${column.missing} categories, which a one-hot vector can only represent as zeros; ` +
        'use missing: 0',
    );
  }
  for (let row = 0; row < column.length; row++) {
    const number = column.numbers[row]!;
    if (isOneHot) {
      if (!Number.isNaN(number)) into[row * width + start + number] = 1;
      continue;
    }
    const value = Number.isNaN(number) ? fill : number;
    checkFits(call, column, row, value, dtype);
    into[row * width + start] = value;
  }
  return isOneHot ? column.categories.length : 1;
}

const SINGLE_DTYPES = { number: 'float32', integer: 'int32', boolean: 'bool', category: 'int32' } as const;

/** Converts a column to a vector, or to a matrix with a column for each category if categories are one-hot. */
export function columnTensor(call: string, column: Column, options: ColumnTensorOptions): Tensor {
  checkNumeric(call, column);
  if (isExpanded(column, options)) return columnsTensor(call, [column], options);
  const { dtype = SINGLE_DTYPES[column.kind as keyof typeof SINGLE_DTYPES] } = options;
  const numbers = new Float64Array(column.length);
  fillColumn(call, column, numbers, [0, 1], dtype, options);
  return tensor(numbers, { dtype });
}

/** Converts several columns to a matrix with a row for each row of the table. */
export function columnsTensor(
  call: string,
  columns: readonly Column[],
  options: ColumnTensorOptions,
): Tensor<readonly [number, number]> {
  const { dtype = 'float32', categories } = options;
  const named = columns.find(({ kind }) => kind === 'category' && categories === undefined);
  if (named !== undefined) {
    throw new ArgumentError(
      `${call}: column '${named.name}' is a category, whose index is not a quantity; use categories: 'oneHot', or 'index'`,
    );
  }
  const width = featureNames(columns, options).length;
  const rows = columns[0]?.length ?? 0;
  const numbers = new Float64Array(rows * width);
  let start = 0;
  for (const column of columns) start += fillColumn(call, column, numbers, [start, width], dtype, options);
  return tensor(numbers, { dtype, shape: [rows, width] });
}
