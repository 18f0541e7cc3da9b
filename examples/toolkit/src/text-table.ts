/** A plain-text table whose rows are printed one at a time. */

export interface TextColumn<Row> {
  readonly title: string;
  /** Returns the text of a row's cell. */
  readonly cell: (row: Row) => string;
  /** Defaults to right-aligned. */
  readonly align?: 'left';
}

/**
 * Formats rows under a heading, right-aligned by default. Columns are wide enough for their title and `minWidth`.
 *
 * @example
 * const table = new TextTable([{ title: 'epoch', cell: (row) => `${row.epoch}` }]);
 * console.log(table.heading());
 * console.log(table.row({ epoch: 1 }));
 */
export class TextTable<Row> {
  readonly #columns: readonly (TextColumn<Row> & { readonly width: number })[];

  constructor(columns: readonly TextColumn<Row>[], minWidth = 7) {
    this.#columns = columns.map((column) => ({ ...column, width: Math.max(minWidth, column.title.length) }));
  }

  heading(): string {
    return `${this.#line(({ title }) => title)}\n${this.#line(({ width }) => '─'.repeat(width))}`;
  }

  row(row: Row): string {
    return this.#line(({ cell }) => cell(row));
  }

  #line(text: (column: TextColumn<Row> & { readonly width: number }) => string): string {
    const cells = this.#columns.map((column) => {
      const content = text(column);
      return column.align === 'left' ? content.padEnd(column.width) : content.padStart(column.width);
    });
    return cells.join('  ').trimEnd();
  }
}
