/** Formats counts, and aligns rows as a text table. */

/** One cell for each column. */
export type Row = readonly string[];

/**
 * Formats columns two spaces apart, as wide as their widest cell, with the last one right-aligned. A rule follows the head
 * and precedes the foot.
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

/** Formats a count with its noun: `1 layer`, `2 layers`. */
export const counted = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`;
