/** Formats tables as Markdown, with aligned columns, so that they are readable in a terminal. */

export interface Table {
  readonly title: string;
  /** A description of the measurements, in a sentence or two. */
  readonly note: string;
  /** The column headings; the first column has names, the others numbers. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences below the table: failures and their reasons. */
  readonly remarks: readonly string[];
}

/** Formats a number with three significant digits, without an exponent; as a dash if there is none. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

export function megabytes(bytes: number): string {
  return String(Math.round(bytes / 1e6));
}

export function markdown({ title, note, columns, rows, remarks }: Table): string {
  const widths = columns.map((column, n) => Math.max(column.length, ...rows.map((row) => row[n]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, n) => (n === 0 ? cell.padEnd(widths[n]!) : cell.padStart(widths[n]!))).join(' | ')} |`;
  const rule = `| ${widths.map((width, n) => (n === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  const below = remarks.length > 0 ? `\n\n${remarks.map((remark) => `- ${remark}`).join('\n')}` : '';
  return `### ${title}\n\n${note}\n\n${[line(columns), rule, ...rows.map(line)].join('\n')}${below}\n`;
}
