/** Tables: named columns of the same length. */

import { ArgumentError, type Tensor } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { type Column, type ColumnSchema, checkNumeric, isMissing, takeRows, valueAt } from './column.ts';
import { type ColumnTensorOptions, columnsTensor, columnTensor, featureNames } from './tensors.ts';

const OPTIONS = ['dtype', 'missing', 'categories'] as const;

/** Throws unless a value is a list of row indices of a table. */
function checkRows(call: string, rows: ArrayLike<number>, length: number): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (Number.isInteger(row) && row >= 0 && row < length) continue;
    throw new ArgumentError(`${call}: expected rows from 0 to ${length - 1}, got ${describeValue(row)}`);
  }
}

/**
 * A table of named columns, for example of a CSV file. Each column has a kind, and may have missing values.
 *
 * @example
 * import { decodeCsv } from '@tapegrad/files/csv';
 * const table = decodeCsv('height,weight\n1.5,50\n1.8,NA\n');
 * table.length; // 2
 * table.column('weight').missing; // 1
 * table.withoutMissing().tensor(['height', 'weight']).toArray(); // [[1.5, 50]]
 */
export class Table {
  /** The columns, in the order of the file. */
  readonly columns: readonly Column[];
  /** The number of rows. */
  readonly length: number;
  readonly #byName: ReadonlyMap<string, Column>;

  /**
   *
   * @param columns Columns of the same length, with different names.
   * @throws ArgumentError if their lengths differ or two names are equal.
   */
  constructor(columns: readonly Column[]) {
    this.columns = [...columns];
    this.length = columns[0]?.length ?? 0;
    this.#byName = new Map(columns.map((column) => [column.name, column]));
    if (this.#byName.size < columns.length) throw new ArgumentError('Table: expected columns with different names');
    const other = columns.find(({ length }) => length !== this.length);
    if (other !== undefined) {
      throw new ArgumentError(`Table: expected ${this.length} rows in '${other.name}', got ${other.length}`);
    }
  }

  /** The names of the columns. */
  get names(): readonly string[] {
    return this.columns.map(({ name }) => name);
  }

  /**
   * The names, kinds and categories of the columns. Pass the schema when reading another file, so that equal texts
   * become equal numbers there.
   */
  get schema(): readonly ColumnSchema[] {
    return this.columns.map(({ name, kind, categories }) => ({ name, kind, categories }));
  }

  #find(call: string, name: string): Column {
    const found = this.#byName.get(name);
    if (found !== undefined) return found;
    throw new ArgumentError(
      `${call}: there is no column ${describeValue(name)}, expected one of ${this.names.join(', ')}`,
    );
  }

  /** Returns a column. Throws an ArgumentError with a list of the names if there is no such column. */
  column(name: string): Column {
    return this.#find('column', name);
  }

  /** Returns a row as an object with a number, boolean or text for each column; `undefined` where a value is missing. */
  row(index: number): Readonly<Record<string, number | boolean | string | undefined>> {
    checkRows('row', [index], this.length);
    return Object.fromEntries(this.columns.map((column) => [column.name, valueAt(column, index)]));
  }

  /** Returns a table of some of the columns. */
  select(names: readonly string[]): Table {
    return new Table(names.map((name) => this.#find('select', name)));
  }

  /**
   * Returns a table of the given rows, in this order. A row may occur several times.
   *
   * @throws ArgumentError for indices of rows that don't exist.
   */
  take(rows: ArrayLike<number>): Table {
    checkRows('take', rows, this.length);
    return new Table(this.columns.map((column) => takeRows(column, rows)));
  }

  /** Returns a table without the rows that have a missing value in one of the given columns. Defaults to all columns. */
  withoutMissing(names: readonly string[] = this.names): Table {
    const columns = names.map((name) => this.#find('withoutMissing', name));
    const rows: number[] = [];
    for (let row = 0; row < this.length; row++) {
      if (!columns.some((column) => isMissing(column, row))) rows.push(row);
    }
    return this.take(rows);
  }

  /**
   * Returns the mean of each column, without its missing values. Pass the result to `tensor` as `missing`, and use the
   * means of the training data for the test data too. Defaults to all columns of numbers, integers and booleans.
   *
   * @throws ArgumentError for text and categories, which have no mean, and for a column without values.
   * @example
   * import { decodeCsv } from '@tapegrad/files/csv';
   * const table = decodeCsv('age,fare\n20,7.5\n?,8\n40,NA\n');
   * const means = table.means(); // { age: 30, fare: 7.75 }
   * table.tensor(['age', 'fare'], { missing: means }).toArray(); // [[20, 7.5], [30, 8], [40, 7.75]]
   */
  means(names?: readonly string[]): Record<string, number> {
    const isQuantity = ({ kind }: Column) => kind !== 'text' && kind !== 'category';
    const chosen = names?.map((name) => this.#find('means', name)) ?? this.columns.filter(isQuantity);
    return Object.fromEntries(
      chosen.map((column) => {
        const { name, numbers, missing, kind } = column;
        checkNumeric('means', column);
        if (kind === 'category') throw new ArgumentError(`means: column '${name}' is a category, which has no mean`);
        if (missing === this.length) throw new ArgumentError(`means: column '${name}' has no values`);
        const sum = numbers.reduce((total, value) => (Number.isNaN(value) ? total : total + value), 0);
        return [name, sum / (this.length - missing)];
      }),
    );
  }

  /**
   * Converts columns to a tensor: one column to a vector, a list of columns to a matrix with a row for each row of the
   * table. Fractions are rounded to the dtype, but an integer that is not exact in it is an error.
   *
   * @throws ArgumentError for text, for missing values without a replacement in `missing`, and for a category among
   *   several columns without the option `categories`; DTypeError for numbers that the dtype can't represent.
   * @example
   * import { decodeCsv } from '@tapegrad/files/csv';
   * const table = decodeCsv('size,kind\n1,cat\n2,dog\n3,cat\n4,dog\n');
   * table.tensor('kind').toArray(); // [0, 1, 0, 1]
   * table.tensor(['size', 'kind'], { categories: 'oneHot' }).shape; // [4, 3]
   */
  tensor(names: readonly string[], options?: ColumnTensorOptions): Tensor<readonly [number, number]>;
  tensor(name: string, options: ColumnTensorOptions & { readonly categories: 'oneHot' }): Tensor;
  tensor(name: string, options?: ColumnTensorOptions): Tensor<readonly [number]>;
  tensor(names: string | readonly string[], options: ColumnTensorOptions = {}): Tensor {
    checkOptions('tensor', options, OPTIONS);
    if (typeof names === 'string') return columnTensor('tensor', this.#find('tensor', names), options);
    return columnsTensor(
      'tensor',
      names.map((name) => this.#find('tensor', name)),
      options,
    );
  }

  /**
   * Returns the names of the columns of the matrix that `tensor` returns for the same arguments. The column of a
   * one-hot category is named like `kind=cat`.
   */
  featureNames(names: readonly string[], options: ColumnTensorOptions = {}): readonly string[] {
    checkOptions('featureNames', options, OPTIONS);
    return featureNames(
      names.map((name) => this.#find('featureNames', name)),
      options,
    );
  }

  /** Returns a line for each column: its name, kind and missing values. */
  toString(): string {
    const lines = this.columns.map(({ name, kind, categories, missing, missingAs }) => {
      const values = kind === 'category' ? ` of ${categories.length}` : '';
      const names = Array.from(missingAs, ([as, count]) => `'${as}' ${count} times`).join(', ');
      return `  ${name}: ${kind}${values}${missing === 0 ? '' : `, ${missing} missing (${names})`}`;
    });
    return [`${this.length} rows`, ...lines].join('\n');
  }
}
