/**
 * Packing: the layout in which a matrix product reads its operands.
 *
 * A strided matrix of `depth` rows and `width` columns becomes consecutive panels of W columns. A panel stores its rows
 * one after another, W elements each. A product that moves down the rows then reads one stream, whatever the strides
 * were. The last panel also has space for W columns; elements beyond `width` are never used.
 */

import type { FloatVector } from '../assembler/float-vector.ts';
import { f64x2, i32, type Statement, smaller, type Value } from '../assembler/instructions.ts';
import {
  type Func,
  type FunctionBuilder,
  integers,
  type Local,
  type ModuleBuilder,
} from '../assembler/module-builder.ts';
import { storeVectors } from '../assembler/vector-loops.ts';

const CACHE_LINE = 64;

const parameters = integers('source', 'rowStride', 'columnStride', 'depth', 'width', 'target', 'panelStride');

type Pack = Func<typeof parameters, 'void'>;

/** The arguments of a packing function by name. Sizes are at least 1; pointers and strides are in bytes. */
export type PackArguments = { readonly [Name in keyof typeof parameters]: number };

/** The inputs of the functions that emit packing code. `rowBytes` is the size of a panel's row. */
type Packing = { readonly [Name in keyof typeof parameters]: Local<'i32'> } & {
  readonly v: FloatVector;
  readonly panelWidth: number;
  readonly rowBytes: number;
  /** Whether the engine may join vectors. */
  readonly isJoined: boolean;
};

/**
 * Defines `name(source, rowStride, columnStride, depth, width, target, panelStride)` for panels of `panelWidth`
 * columns, an even number. Strides are in bytes; depth and width are at least one. If rows are contiguous, up to a
 * panel's width past a row's end is read but not used.
 */
export function definePack(
  module: ModuleBuilder,
  name: string,
  v: FloatVector,
  panelWidth: number,
  isJoined: boolean,
): Pack {
  return module.define(name, parameters, (f, p) => {
    const packing = { ...p, v, panelWidth, rowBytes: panelWidth * v.laneBytes, isJoined };
    f.if(
      i32.eq(p.columnStride, v.laneBytes),
      () => copyRows(f, packing),
      () => copyColumns(f, packing),
    );
  });
}

/**
 * Packs contiguous rows, copying a piece of each to a panel's row. Fills together the panels whose rows share a cache
 * line.
 */
function copyRows(f: FunctionBuilder, { v, panelWidth, rowBytes, isJoined, ...p }: Packing): void {
  const sharing = Math.ceil(CACHE_LINE / rowBytes);
  for (const panels of new Set([sharing, 1])) {
    f.while(i32.gtS(p.width, (panels - 1) * panelWidth), () => {
      const from = f.let(p.source);
      const to = Array.from({ length: panels }, (_, i) => f.let(i32.add(p.target, i32.mul(p.panelStride, i))));
      const end = f.let(i32.add(p.target, i32.mul(p.depth, rowBytes)));
      f.loop((again) => {
        for (const [panel, pointer] of to.entries()) {
          const starts = Array.from({ length: Math.ceil(panelWidth / v.lanes) }, (_, i) => i * v.lanes);
          const lengths = starts.map((lane) => Math.min(v.lanes, panelWidth - lane));
          // All loads precede the stores, since an engine joins neighbouring loads only without a store between them.
          const pieces = starts.map((lane, i) =>
            f.let(v.loadPart(lengths[i]!, from, panel * rowBytes + lane * v.laneBytes)),
          );
          if (panelWidth % v.lanes === 0) storeVectors(f, pointer, pieces, isJoined);
          else f.run(...starts.map((lane, i) => v.storePart(lengths[i]!, pointer, pieces[i]!, lane * v.laneBytes)));
        }
        f.advance(from, p.rowStride);
        for (const pointer of to) f.advance(pointer, rowBytes);
        f.branchIf(again, i32.ltU(to[0]!, end));
      });
      f.advance(p.source, panels * rowBytes);
      f.advance(p.target, i32.mul(p.panelStride, panels));
      f.advance(p.width, -panels * panelWidth);
    });
  }
}

/**
 * Packs a few columns at a time, from top to bottom. If columns are contiguous, transposes squares of lanes x lanes in
 * registers. Copies the rest, or everything if nothing is contiguous, element by element.
 */
function copyColumns(f: FunctionBuilder, { v, panelWidth, rowBytes, ...p }: Packing): void {
  const together = panelWidth % v.lanes === 0 ? v.lanes : 2;
  const last = f.let(i32.sub(p.width, 1));
  f.for(0, p.width, together, (column) => {
    // Columns past the last repeat it, since they must be read from a valid address.
    const from = Array.from({ length: together }, (_, i) => {
      const index = f.let(i32.add(column, i));
      return f.let(i32.add(p.source, i32.mul(p.columnStride, smaller(index, last))));
    });
    const panel = i32.mul(i32.divU(column, panelWidth), p.panelStride);
    const to = f.let(i32.add(i32.add(p.target, panel), i32.mul(i32.remU(column, panelWidth), v.laneBytes)));
    const rows = f.let(p.depth);
    f.if(i32.eq(p.rowStride, v.laneBytes), () =>
      f.while(i32.geS(rows, v.lanes), () => {
        const square = from.map((pointer) => f.let(v.load(pointer)));
        f.run(...storeTransposed(f, v, square, to, rowBytes));
        for (const pointer of from) f.advance(pointer, 16);
        f.advance(to, v.lanes * rowBytes);
        f.advance(rows, -v.lanes);
      }),
    );
    f.while(rows, () => {
      for (const [i, pointer] of from.entries()) {
        f.run(v.one.store(to, v.one.load(pointer), i * v.laneBytes));
        f.advance(pointer, p.rowStride);
      }
      f.advance(to, rowBytes);
      f.advance(rows, -1);
    });
  });
}

/**
 * Stores transposed columns: row i, at `to + i rowBytes`, is lane i of every column. There are 4 columns of 4 lanes,
 * 2 of 4, or 2 of 2.
 */
function storeTransposed(
  f: FunctionBuilder,
  v: FloatVector,
  columns: readonly Local<'v128'>[],
  to: Local<'i32'>,
  rowBytes: number,
): Statement[] {
  const [a, b, c, d] = columns as readonly [Local<'v128'>, Local<'v128'>, Local<'v128'>?, Local<'v128'>?];
  const interleave = (x: Value<'v128'>, y: Value<'v128'>): Local<'v128'>[] =>
    v.lanes === 2
      ? [f.let(v.shuffle(x, y, [0, 2])), f.let(v.shuffle(x, y, [1, 3]))]
      : [f.let(v.shuffle(x, y, [0, 4, 1, 5])), f.let(v.shuffle(x, y, [2, 6, 3, 7]))];
  const pairs = interleave(a, b);
  if (v.lanes === 2) return pairs.map((row, i) => v.store(to, row, i * rowBytes));
  if (c === undefined || d === undefined) {
    return pairs.flatMap((two, i) => [0, 1].map((half) => f64x2.storeLane(to, two, half, (2 * i + half) * rowBytes)));
  }
  const others = interleave(c, d);
  return pairs.flatMap((two, i) => [
    v.store(to, f64x2.shuffle(two, others[i]!, [0, 2]), 2 * i * rowBytes),
    v.store(to, f64x2.shuffle(two, others[i]!, [1, 3]), (2 * i + 1) * rowBytes),
  ]);
}
