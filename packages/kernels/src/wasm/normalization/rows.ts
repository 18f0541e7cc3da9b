/** Normalisation of contiguous arrays, row by row, through the staging buffers. */

import { empty, type NdArray } from '../../arrays/array.ts';
import { contiguous } from '../../arrays/copy.ts';
import type { Data, FloatDType } from '../../arrays/dtype.ts';
import { type Shape, sizeOf } from '../../arrays/shape.ts';
import { broadcastView } from '../../arrays/views.ts';
import type { Normalization } from '../../primitives.ts';
import { laneBytes, laneTypes } from '../assembler/float-vector.ts';
import { Staging } from '../memory/staging.ts';
import { type NormalizationExports, normalizationModule, PARAMETERS, SUMS, safeInverses } from './kernels.ts';
import { type RowLayout, rowLayout } from './layout.ts';

/** The statistics of each group, and the sums of its weighted cotangents. */
interface Groups {
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

/** Consecutive pieces of rows that fit in a staging buffer: whole rows, or a part of one row. */
interface Block {
  /** The first piece, the first row, the number of rows, and the part of the rows. */
  readonly piece: number;
  readonly row: number;
  readonly rows: number;
  readonly from: number;
  readonly length: number;
}

/** Divides rows into blocks of at most `atOnce` elements, with whole groups in each if `together` rows form a group. */
function blocksOf({ rows, length }: RowLayout, together: number): Block[] {
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

/** The primitives of normalisation for one float dtype, on operands already checked, if they consist of rows. */
export class RowNormalization {
  readonly #staging: Staging;
  readonly #dtype: FloatDType;
  readonly #bytes: number;
  readonly #modules = new Map<boolean, NormalizationExports>();

  constructor(staging: Staging, dtype: FloatDType) {
    this.#staging = staging;
    this.#dtype = dtype;
    this.#bytes = laneBytes[laneTypes[dtype]];
  }

  /** Returns `undefined` if the operands don't consist of rows, or if squares overflow or vanish. */
  normalize(x: NdArray, w: NdArray, b: NdArray, of: Normalization): NdArray | undefined {
    const layout = this.#layoutOf(x.shape, of.axes, [w.shape, b.shape]);
    if (layout === undefined) return undefined;
    const from = contiguous(x);
    const out = empty(x.shape, this.#dtype);
    const [weight, bias] = [w, b].map((part) => this.#weights(part, layout)) as [NdArray, NdArray];
    if (layout.own) return this.#ownRows(layout, from, weight, bias, of, out.data) ? out : undefined;
    const isSafe = this.#inGroups(
      layout,
      from,
      undefined,
      weight,
      of,
      (row, { inverse }, put) => {
        const [group, place] = [layout.groupOf[row]!, layout.weightOf[row]!];
        put(inverse[group]! * weight.data[weight.offset + place]!, bias.data[bias.offset + place]!, 0);
      },
      out.data,
    );
    return isSafe ? out : undefined;
  }

  /** Returns `undefined` in the same cases as `normalize`. */
  gradient(g: NdArray, x: NdArray, w: NdArray, of: Normalization): NdArray | undefined {
    const layout = this.#layoutOf(x.shape, of.axes, [w.shape]);
    if (layout === undefined) return undefined;
    const [from, cotangent, weight] = [contiguous(x), contiguous(g), this.#weights(w, layout)];
    const out = empty(x.shape, this.#dtype);
    if (layout.own) return this.#ownSlopes(layout, from, cotangent, weight, of, out.data) ? out : undefined;
    const count = x.size / layout.groups;
    const isSafe = this.#inGroups(
      layout,
      from,
      cotangent,
      weight,
      of,
      (row, groups, put) => {
        const group = layout.groupOf[row]!;
        const r = groups.inverse[group]!;
        const shift = of.centered ? (-r * groups.g[group]!) / count : 0;
        const along = (-r * r * r * groups.products[group]!) / count;
        put(r * weight.data[weight.offset + layout.weightOf[row]!]!, along, shift);
      },
      out.data,
    );
    return isSafe ? out : undefined;
  }

  /** Returns `undefined` in the same cases as `normalize`. */
  weightGradient(g: NdArray, x: NdArray, of: Normalization & { readonly shape: Shape }): NdArray | undefined {
    const layout = this.#layoutOf(x.shape, of.axes, [of.shape]);
    if (layout === undefined || sizeOf(layout.weightShape) !== sizeOf(of.shape)) return undefined;
    const [from, cotangent] = [contiguous(x), contiguous(g)];
    const out = empty(of.shape, this.#dtype);
    if (layout.own) return this.#ownWeightSlopes(layout, from, cotangent, of, out.data) ? out : undefined;
    const blocks = blocksOf(layout, 0);
    const sums = this.#sumsOf(layout, blocks, from, cotangent, of.centered);
    const groups = newGroups(layout.groups);
    if (!this.#findGroups(layout, blocks, sums, of, groups)) return undefined;
    const totals = new Float64Array(layout.weights);
    forEachPiece(blocks, (piece, row) => {
      const at = piece * SUMS;
      const group = layout.groupOf[row]!;
      const rest = groups.origin[group]! - sums[at]! + groups.rest[group]!;
      totals[layout.weightOf[row]!]! += groups.inverse[group]! * (sums[at + 4]! - rest * sums[at + 3]!);
    });
    out.data.set(totals);
    return out;
  }

  /** Returns the means and variances, or `undefined` if the operand doesn't consist of rows. */
  moments(x: NdArray, axes: readonly number[], shape: Shape): NdArray | undefined {
    const layout = this.#layoutOf(x.shape, axes, []);
    if (layout === undefined) return undefined;
    const blocks = blocksOf(layout, 0);
    const sums = this.#sumsOf(layout, blocks, contiguous(x), undefined, true);
    const { origin, rest, variance } = addMoments(layout, blocks, sums, newGroups(layout.groups), true);
    const out = empty(shape, this.#dtype);
    out.data.set(origin.map((value, group) => value + rest[group]!));
    out.data.set(variance, layout.groups);
    return out;
  }

  #kernels(centered: boolean): NormalizationExports {
    const known = this.#modules.get(centered);
    if (known !== undefined) return known;
    const module = normalizationModule(laneTypes[this.#dtype], centered);
    const made = module.instantiate<NormalizationExports>(this.#staging.heap.memory);
    this.#modules.set(centered, made);
    return made;
  }

  #layoutOf(shape: Shape, axes: readonly number[], parts: readonly Shape[]): RowLayout | undefined {
    const layout = rowLayout(shape, axes, parts);
    return layout?.own && layout.weights * layout.length > Staging.chunk ? undefined : layout;
  }

  #weights(part: NdArray, { weightShape }: RowLayout): NdArray {
    return contiguous(broadcastView(part, weightShape));
  }

  /** Calls `visit` for blocks of rows, after copying them to the staging buffers. */
  #forEachRows(
    { rows, length, weights }: RowLayout,
    operands: readonly (readonly [slot: number, x: NdArray])[],
    visit: (row: number, rows: number) => void,
  ): void {
    const fit = Math.floor(Staging.chunk / length);
    const atOnce = fit - (fit % weights);
    for (let row = 0; row < rows; row += atOnce) {
      const count = Math.min(atOnce, rows - row);
      for (const [slot, { data, offset }] of operands)
        this.#staging.copyIn(slot, data, offset + row * length, count * length);
      visit(row, count);
    }
  }

  #ownRows(
    layout: RowLayout,
    x: NdArray,
    w: NdArray,
    b: NdArray,
    { eps, centered }: Normalization,
    out: Data,
  ): boolean {
    const { length, weights } = layout;
    const { to, x: from, y: parts } = this.#staging;
    const mark = this.#staging.heap.mark();
    const biases = this.#staging.heap.reserve(weights * length * this.#bytes + 32);
    const kernels = this.#kernels(centered);
    this.#staging.copyIn(parts, w.data, w.offset, weights * length);
    this.#staging.copyIn(biases, b.data, b.offset, weights * length);
    let isSafe = true;
    this.#forEachRows(layout, [[from, x]], (row, rows) => {
      const safe = kernels.rows(to, from, parts, biases, weights, eps, rows, length * this.#bytes);
      isSafe &&= safe !== 0;
      this.#staging.copyOut(to, out, row * length, rows * length);
    });
    this.#staging.heap.release(mark);
    return isSafe;
  }

  #ownSlopes(
    layout: RowLayout,
    x: NdArray,
    g: NdArray,
    w: NdArray,
    { eps, centered }: Normalization,
    out: Data,
  ): boolean {
    const { length, weights } = layout;
    const { to, x: from, y } = this.#staging;
    const mark = this.#staging.heap.mark();
    const parts = this.#staging.heap.reserve(weights * length * this.#bytes + 32);
    const kernels = this.#kernels(centered);
    this.#staging.copyIn(parts, w.data, w.offset, weights * length);
    let isSafe = true;
    this.#forEachRows(
      layout,
      [
        [from, x],
        [y, g],
      ],
      (row, rows) => {
        const safe = kernels.rowSlopes(to, from, y, parts, weights, eps, rows, length * this.#bytes);
        isSafe &&= safe !== 0;
        this.#staging.copyOut(to, out, row * length, rows * length);
      },
    );
    this.#staging.heap.release(mark);
    return isSafe;
  }

  #ownWeightSlopes(layout: RowLayout, x: NdArray, g: NdArray, { eps, centered }: Normalization, out: Data): boolean {
    const { length, weights } = layout;
    const { x: from, y, heap } = this.#staging;
    const mark = heap.mark();
    // Rows of sums are whole iterations of four long.
    const padded = (length + 3) & -4;
    const sums = heap.reserve(weights * padded * 8);
    const kernels = this.#kernels(centered);
    heap.f64.fill(0, sums / 8, sums / 8 + weights * padded);
    let isSafe = true;
    this.#forEachRows(
      layout,
      [
        [from, x],
        [y, g],
      ],
      (_, rows) => {
        const safe = kernels.weightSlopes(sums, from, y, weights, eps, rows, length * this.#bytes);
        isSafe &&= safe !== 0;
      },
    );
    const totals = heap.f64;
    for (let row = 0; row < weights; row++) {
      const start = sums / 8 + row * padded;
      out.set(totals.subarray(start, start + length), row * length);
    }
    heap.release(mark);
    return isSafe;
  }

  /** Returns the sums of each piece of a row. */
  #sumsOf(layout: RowLayout, blocks: readonly Block[], x: NdArray, g: NdArray | undefined, centered: boolean) {
    const last = blocks.at(-1)!;
    const all = new Float64Array((last.piece + last.rows) * SUMS);
    for (const block of blocks) {
      this.#stage(layout, block, x, g);
      this.#sumBlock(block, g !== undefined, centered, all);
    }
    return all;
  }

  #stage({ length }: RowLayout, block: Block, x: NdArray, g: NdArray | undefined): void {
    const { x: from, y } = this.#staging;
    const [start, count] = [block.row * length + block.from, block.rows * block.length];
    this.#staging.copyIn(from, x.data, x.offset + start, count);
    if (g !== undefined) this.#staging.copyIn(y, g.data, g.offset + start, count);
  }

  #sumBlock({ piece, rows, length }: Block, hasCotangent: boolean, centered: boolean, all: Float64Array): void {
    const { to, x, y } = this.#staging;
    const kernels = this.#kernels(centered);
    if (hasCotangent) kernels.products(to, x, y, rows, length * this.#bytes);
    else kernels.moments(to, x, rows, length * this.#bytes);
    this.#staging.copyOut(to, all, piece * SUMS, rows * SUMS);
  }

  /** Computes the statistics of the groups in blocks. Returns false if squares overflow or vanish. */
  #findGroups(
    layout: RowLayout,
    blocks: readonly Block[],
    sums: Float64Array,
    { eps, centered }: Normalization,
    groups: Groups,
    weight?: NdArray,
  ): boolean {
    const { groupOf, weightOf } = layout;
    const { origin, rest, inverse, variance, g, products } = groups;
    addMoments(layout, blocks, sums, groups, centered);
    // Whole groups are in the blocks, so their range is that of the first and the last row.
    const isAll = layout.adjacent === 0;
    const lastBlock = blocks.at(-1)!;
    const first = isAll ? 0 : groupOf[blocks[0]!.row]!;
    const end = isAll ? layout.groups : groupOf[lastBlock.row + lastBlock.rows - 1]! + 1;
    const { least, most } = safeInverses[laneTypes[this.#dtype]];
    for (let group = first; group < end; group++) {
      const value = 1 / Math.sqrt(variance[group]! + eps);
      if (value < least || value > most) return false;
      inverse[group] = value;
    }
    for (const { piece, row, rows } of blocks) {
      for (let i = 0; i < rows; i++) {
        const [at, group] = [(piece + i) * SUMS, groupOf[row + i]!];
        const factor = weight === undefined ? 1 : weight.data[weight.offset + weightOf[row + i]!]!;
        g[group]! += factor * sums[at + 3]!;
        products[group]! += factor * (sums[at + 4]! - (origin[group]! - sums[at]! + rest[group]!) * sums[at + 3]!);
      }
    }
    // Differences of infinities are left to the composition.
    for (let group = first; group < end; group++) if (!Number.isFinite(g[group]! + products[group]!)) return false;
    return true;
  }

  /**
   * Runs a kernel on all rows, with parameters computed from the statistics of their groups. Rows stay in the staging
   * buffers between the sums and the kernel if their groups fit.
   */
  #inGroups(
    layout: RowLayout,
    x: NdArray,
    g: NdArray | undefined,
    weight: NdArray,
    of: Normalization,
    parametersOf: (row: number, groups: Groups, put: (factor: number, third: number, fourth: number) => void) => void,
    out: Data,
  ): boolean {
    const { chunk } = Staging;
    const staysStaged = layout.adjacent > 0 && layout.adjacent * layout.length <= chunk;
    const blocks = blocksOf(layout, staysStaged ? layout.adjacent : 0);
    const { heap, to, x: from, y } = this.#staging;
    const last = blocks.at(-1)!;
    const all = new Float64Array((last.piece + last.rows) * SUMS);
    const mark = heap.mark();
    const most = blocks[0]!.rows;
    const parameters = heap.reserve(most * PARAMETERS * this.#bytes);
    const kernels = this.#kernels(of.centered);
    const groups = newGroups(layout.groups);
    let isSafe = true;
    if (!staysStaged) {
      for (const block of blocks) {
        this.#stage(layout, block, x, g);
        this.#sumBlock(block, g !== undefined, of.centered, all);
      }
      isSafe = this.#findGroups(layout, blocks, all, of, groups, weight);
    }
    for (const block of blocks) {
      if (!staysStaged && blocks.length === 1) {
        // The rows are still in the staging buffers.
      } else this.#stage(layout, block, x, g);
      if (staysStaged) {
        this.#sumBlock(block, g !== undefined, of.centered, all);
        isSafe = this.#findGroups(layout, [block], all, of, groups, weight);
      }
      if (!isSafe) break;
      const numbers = heap.view(this.#bytes);
      const round = this.#dtype === 'float32' ? Math.fround : (value: number) => value;
      for (let i = 0; i < block.rows; i++) {
        const at = parameters / this.#bytes + i * PARAMETERS;
        const group = layout.groupOf[block.row + i]!;
        const [origin, rest] = [groups.origin[group]!, groups.rest[group]!];
        const mean = round(origin + rest);
        numbers[at] = mean;
        numbers[at + 1] = origin - mean + rest;
        parametersOf(block.row + i, groups, (factor, third, fourth) => {
          numbers[at + 2] = factor;
          numbers[at + 3] = third;
          numbers[at + 4] = fourth;
        });
      }
      const rowBytes = block.length * this.#bytes;
      if (g === undefined) kernels.scale(to, from, parameters, block.rows, rowBytes);
      else kernels.slope(to, from, y, parameters, block.rows, rowBytes);
      this.#staging.copyOut(to, out, block.row * layout.length + block.from, block.rows * block.length);
    }
    heap.release(mark);
    return isSafe;
  }
}

function forEachPiece(blocks: readonly Block[], visit: (piece: number, row: number) => void): void {
  for (const { piece, row, rows } of blocks) for (let i = 0; i < rows; i++) visit(piece + i, row + i);
}

const newGroups = (count: number): Groups => {
  const zeros = () => new Float64Array(count);
  return {
    ...{ origin: zeros(), rest: zeros(), variance: zeros(), inverse: zeros(), counts: zeros() },
    ...{ g: zeros(), products: zeros() },
  };
};

/**
 * Combines the sums of rows to the means and variances of their groups. A group's variance consists of the variances
 * within its rows and the variance between the rows' means.
 */
function addMoments(
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
