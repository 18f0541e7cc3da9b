/** Counts as text, and rows as aligned text. */

/** One cell for each column. */
export type Row = readonly string[];

/** Columns two spaces apart, as wide as their widest cell, the last one aligned to the right; a rule below the head. */
export function formatTable(head: Row, rows: readonly Row[], foot: Row): string {
  const lines = [head, ...rows, foot];
  const widths = head.map((_, column) => Math.max(...lines.map((row) => row[column]!.length)));
  const formatRow = (row: Row): string =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [formatRow(head), rule, ...rows.map(formatRow), rule, formatRow(foot)].join('\n');
}

/** A whole number with its thousands apart: 1,234,567. */
export const formatCount = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** `1 layer`, `2 layers`. */
export const counted = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`;
