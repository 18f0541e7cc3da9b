/** Normalisation of contiguous arrays, row by row, through the staging buffers. */

import { empty, NdArray } from '../../arrays/array.ts';
import { contiguous } from '../../arrays/copy.ts';
import { type Data, type FloatDType, newData } from '../../arrays/dtype.ts';
import { type Shape, sizeOf } from '../../arrays/shape.ts';
import { broadcastView } from '../../arrays/views.ts';
import type { Normalization } from '../../primitives.ts';
import { laneBytes, laneTypes } from '../assembler/float-vector.ts';
import { Staging } from '../memory/staging.ts';
import { addMoments, type Block, blocksOf, type Groups, newGroups, weightSums } from './groups.ts';
import { type NormalizationExports, normalizationModule, PARAMETERS, SUMS, safeInverses } from './kernels.ts';
import { type RowLayout, rowLayout } from './layout.ts';

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
    return layout && this.#gradient(layout, g, x, w, of);
  }

  /**
   * Returns the gradients of `normalize` in x and w from one pass over g and x; `undefined` as for `normalize`, and if w
   * doesn't have the shape of the weights.
   */
  gradients(g: NdArray, x: NdArray, w: NdArray, of: Normalization): readonly [NdArray, NdArray] | undefined {
    const layout = this.#layoutOf(x.shape, of.axes, [w.shape]);
    if (layout === undefined || sizeOf(layout.weightShape) !== w.size) return undefined;
    // Only the large gradient is in memory that may be freed and reused.
    const ofWeight = new NdArray(newData(this.#dtype, w.size), this.#dtype, w.shape);
    const gradient = this.#gradient(layout, g, x, w, of, ofWeight.data);
    return gradient && [gradient, ofWeight];
  }

  #gradient(
    layout: RowLayout,
    g: NdArray,
    x: NdArray,
    w: NdArray,
    of: Normalization,
    ofWeight?: Data,
  ): NdArray | undefined {
    const [from, cotangent, weight] = [contiguous(x), contiguous(g), this.#weights(w, layout)];
    const out = empty(x.shape, this.#dtype);
    if (layout.own) return this.#ownSlopes(layout, from, cotangent, weight, of, out.data, ofWeight) ? out : undefined;
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
      ofWeight,
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
    out.data.set(weightSums(layout, blocks, sums, groups));
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
    ofWeight?: Data,
  ): boolean {
    const { length, weights } = layout;
    const { to, x: from, y } = this.#staging;
    const mark = this.#staging.heap.mark();
    const parts = this.#staging.heap.reserve(weights * length * this.#bytes + 32);
    const sums = ofWeight === undefined ? 0 : this.#zeroSums(weights, length);
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
        const safe = kernels.rowSlopes(to, from, y, parts, sums, weights, eps, rows, length * this.#bytes);
        isSafe &&= safe !== 0;
        this.#staging.copyOut(to, out, row * length, rows * length);
      },
    );
    if (ofWeight !== undefined) this.#readSums(sums, weights, length, ofWeight);
    this.#staging.heap.release(mark);
    return isSafe;
  }

  /** Reserves rows of float64 sums, each a whole number of iterations long, and sets them to 0. */
  #zeroSums(rows: number, length: number): number {
    const { heap } = this.#staging;
    const padded = (length + 3) & -4;
    const sums = heap.reserve(rows * padded * 8);
    heap.f64.fill(0, sums / 8, sums / 8 + rows * padded);
    return sums;
  }

  #readSums(sums: number, rows: number, length: number, out: Data): void {
    const padded = (length + 3) & -4;
    for (let i = 0; i < rows; i++) {
      const start = sums / 8 + i * padded;
      out.set(this.#staging.heap.f64.subarray(start, start + length), i * length);
    }
  }

  #ownWeightSlopes(layout: RowLayout, x: NdArray, g: NdArray, { eps, centered }: Normalization, out: Data): boolean {
    const { length, weights } = layout;
    const { x: from, y, heap } = this.#staging;
    const mark = heap.mark();
    const sums = this.#zeroSums(weights, length);
    const kernels = this.#kernels(centered);
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
    this.#readSums(sums, weights, length, out);
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
    ofWeight?: Data,
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
    if (isSafe) ofWeight?.set(weightSums(layout, blocks, all, groups));
    return isSafe;
  }
}
