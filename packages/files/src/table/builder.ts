/** Builds columns row by row. */

import type { Column, ColumnSchema } from './column.ts';

/** Collects the values of a column. */
export class ColumnBuilder {
  readonly schema: ColumnSchema;
  readonly #indices: ReadonlyMap<string, number>;
  readonly #numbers: number[] = [];
  readonly #texts: (string | undefined)[] = [];
  readonly #missingAs = new Map<string, number>();

  constructor(schema: ColumnSchema) {
    this.schema = schema;
    this.#indices = new Map(schema.categories.map((category, i) => [category, i]));
  }

  /** Returns the index of a category; `undefined` if there is no such category. */
  indexOf(category: string): number | undefined {
    return this.#indices.get(category);
  }

  addNumber(value: number): void {
    this.#numbers.push(value);
  }

  addText(value: string): void {
    this.#texts.push(value);
  }

  /**
   *
   * @param as The text that means the missing value in the file.
   */
  addMissing(as: string): void {
    if (this.schema.kind === 'text') this.#texts.push(undefined);
    else this.#numbers.push(Number.NaN);
    this.#missingAs.set(as, (this.#missingAs.get(as) ?? 0) + 1);
  }

  /** Returns the values added since the last call as a column. */
  build(): Column {
    const { name, kind, categories } = this.schema;
    const column: Column = {
      ...{ name, kind, categories },
      length: kind === 'text' ? this.#texts.length : this.#numbers.length,
      numbers: Float64Array.from(this.#numbers),
      texts: [...this.#texts],
      missing: Array.from(this.#missingAs.values()).reduce((sum, count) => sum + count, 0),
      missingAs: new Map(this.#missingAs),
    };
    this.#numbers.length = 0;
    this.#texts.length = 0;
    this.#missingAs.clear();
    return column;
  }
}
