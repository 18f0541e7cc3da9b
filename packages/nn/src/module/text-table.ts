/** Formats counts, and aligns rows as a text table. */

/** A row of a table, with one cell for each column. */
export type Row = readonly string[];

/**
 * Formats rows as a text table. Columns are as wide as their widest cell and two spaces apart; the last one is
 * right-aligned. There is a line below the head and another above the foot.
 */
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

/** Formats an integer with thousands separators: 1,234,567. */
export const formatCount = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** Formats a count with its noun in singular or plural: `1 layer`, `2 layers`. */
export const counted = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`;
