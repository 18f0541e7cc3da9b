/** Tables: columns with names, of one length. */

import { ArgumentError, type Tensor } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { type Column, type ColumnSchema, checkNumeric, isMissing, takeRows, valueAt } from './column.ts';
import { type ColumnTensorOptions, columnsTensor, columnTensor, featureNames } from './tensors.ts';

const OPTIONS = ['dtype', 'missing', 'categories'] as const;

/** Throws for a value that isn't a list of rows of a table. */
function checkRows(call: string, rows: ArrayLike<number>, length: number): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (Number.isInteger(row) && row >= 0 && row < length) continue;
    throw new ArgumentError(`${call}: expected rows from 0 to ${length - 1}, got ${describeValue(row)}`);
  }
}

/**
 * Holds the columns of a file, each with a name, a kind and its missing values.
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
   * @param columns Columns of one length, with different names.
   * @throws ArgumentError if they aren't.
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

  /** The names, kinds and categories of the columns. Read another file with it, so that the same text means the same number. */
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

  /** Returns a column. Throws an ArgumentError that lists the names if there is none of this name. */
  column(name: string): Column {
    return this.#find('column', name);
  }

  /** Returns a row as an object: numbers, booleans and texts by column, `undefined` where a value is missing. */
  row(index: number): Readonly<Record<string, number | boolean | string | undefined>> {
    checkRows('row', [index], this.length);
    return Object.fromEntries(this.columns.map((column) => [column.name, valueAt(column, index)]));
  }

  /** Makes a table of some columns. */
  select(names: readonly string[]): Table {
    return new Table(names.map((name) => this.#find('select', name)));
  }

  /**
   * Makes a table of some rows, in their order; a row may occur several times.
   *
   * @throws ArgumentError for rows that there aren't.
   */
  take(rows: ArrayLike<number>): Table {
    checkRows('take', rows, this.length);
    return new Table(this.columns.map((column) => takeRows(column, rows)));
  }

  /** Makes a table of the rows that lack no value in some columns. Defaults to all columns. */
  withoutMissing(names: readonly string[] = this.names): Table {
    const columns = names.map((name) => this.#find('withoutMissing', name));
    const rows: number[] = [];
    for (let row = 0; row < this.length; row++) {
      if (!columns.some((column) => isMissing(column, row))) rows.push(row);
    }
    return this.take(rows);
  }

  /**
   * Returns the mean of each column's values that aren't missing: what `tensor` may take as `missing`. Take the means of the
   * training data for the test data, too. Defaults to all columns of numbers, integers and booleans.
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
   * Makes a tensor of columns: a vector of one column, a matrix of a list of columns, with a row for each row of the table.
   * Fractions are rounded to the dtype; integers that would be rounded are an error.
   *
   * @throws ArgumentError for text, a missing value without a number that stands for it, and a category among several columns
   * without `categories`; DTypeError for numbers that the dtype can't represent.
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

  /** Returns the names of the columns of the matrix that `tensor` makes with the same arguments: `kind=cat` for a category. */
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
