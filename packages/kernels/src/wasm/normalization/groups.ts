/** The rows of a normalisation in blocks, and the statistics of the groups that they form. */

import { Staging } from '../memory/staging.ts';
import { SUMS } from './kernels.ts';
import type { RowLayout } from './layout.ts';

/** The statistics of each group, and the sums of its weighted cotangents. */
export interface Groups {
  /** The mean as a sum of two numbers, an element and the rest, since one number has too few digits for a large mean. */
  readonly origin: Float64Array;
  readonly rest: Float64Array;
  readonly variance: Float64Array;
  readonly inverse: Float64Array;
  /** The number of elements so far. */
  readonly counts: Float64Array;
  /** sum w g, and sum w g (x - mean). */
  readonly g: Float64Array;
  readonly products: Float64Array;
}

/**
 * Elements that are processed at once: several whole rows, or one piece of a row that is longer than a staging buffer.
 * Each piece has its own sums. A whole row counts as one piece.
 */
export interface Block {
  /** The index of the block's first piece among the pieces of all rows. */
  readonly piece: number;
  /** The index of the block's first row. */
  readonly row: number;
  /** The number of rows, which is 1 for a piece of a row. */
  readonly rows: number;
  /** The index within the row at which the piece begins: 0 for whole rows. */
  readonly from: number;
  /** The number of elements of each piece: the length of a row for whole rows. */
  readonly length: number;
}

/** Divides rows into blocks of at most `atOnce` elements, with whole groups in each if `together` rows form a group. */
export function blocksOf({ rows, length }: RowLayout, together: number): Block[] {
  const { chunk } = Staging;
  const blocks: Block[] = [];
  if (length > chunk) {
    let piece = 0;
    for (let row = 0; row < rows; row++) {
      for (let from = 0; from < length; from += chunk)
        blocks.push({ piece: piece++, row, rows: 1, from, length: Math.min(chunk, length - from) });
    }
    return blocks;
  }
  const fit = Math.floor(chunk / length);
  const atOnce = fit >= together && together > 0 ? fit - (fit % together) : fit;
  for (let row = 0; row < rows; row += atOnce)
    blocks.push({ piece: row, row, rows: Math.min(atOnce, rows - row), from: 0, length });
  return blocks;
}

export const newGroups = (count: number): Groups => {
  const zeros = () => new Float64Array(count);
  return {
    ...{ origin: zeros(), rest: zeros(), variance: zeros(), inverse: zeros(), counts: zeros() },
    ...{ g: zeros(), products: zeros() },
  };
};

/**
 * Joins the sums of rows to the means and variances of their groups. The variance is that within the rows and that between
 * them.
 */
export function addMoments(
  { groupOf }: RowLayout,
  blocks: readonly Block[],
  sums: Float64Array,
  groups: Groups,
  centered: boolean,
): Groups {
  const { origin, rest, variance, counts } = groups;
  for (const { piece, row, rows, length } of blocks) {
    for (let i = 0; i < rows; i++) {
      const [at, group] = [(piece + i) * SUMS, groupOf[row + i]!];
      if (counts[group] === 0) origin[group] = sums[at]!;
      counts[group]! += length;
      if (!centered) continue;
      const mean = sums[at]! - origin[group]! + sums[at + 1]! / length;
      rest[group]! += (mean - rest[group]!) * (length / counts[group]!);
    }
  }
  for (const { piece, row, rows, length } of blocks) {
    for (let i = 0; i < rows; i++) {
      const [at, group] = [(piece + i) * SUMS, groupOf[row + i]!];
      const mean = centered ? sums[at + 1]! / length : 0;
      const between = centered ? sums[at]! - origin[group]! + mean - rest[group]! : 0;
      const within = Math.max(0, sums[at + 2]! - mean * sums[at + 1]!);
      variance[group]! += (within + length * between * between) / counts[group]!;
    }
  }
  return groups;
}

/** Adds up the gradients in the weights: the sums of g times the normalised x of all rows with the same weight. */
export function weightSums(
  { weights, weightOf, groupOf }: RowLayout,
  blocks: readonly Block[],
  sums: Float64Array,
  { origin, rest, inverse }: Groups,
): Float64Array {
  const totals = new Float64Array(weights);
  for (const { piece, row, rows } of blocks) {
    for (let i = 0; i < rows; i++) {
      const [at, group] = [(piece + i) * SUMS, groupOf[row + i]!];
      const shift = origin[group]! - sums[at]! + rest[group]!;
      totals[weightOf[row + i]!]! += inverse[group]! * (sums[at + 4]! - shift * sums[at + 3]!);
    }
  }
  return totals;
}
