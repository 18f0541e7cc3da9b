/** Tables as Markdown, with columns aligned so that a terminal shows them well too. */

export interface Table {
  readonly title: string;
  /** What the figures are, in a sentence or two. */
  readonly note: string;
  /** The first column holds names, the others figures. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences under the table: what failed, and why. */
  readonly remarks: readonly string[];
}

/** Three significant digits, without an exponent; a dash where there is no figure. */
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
