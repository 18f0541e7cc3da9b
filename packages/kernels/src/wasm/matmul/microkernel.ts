/**
 * The matrix product in WebAssembly, on pointers: C = A B, or C = D + A B.
 *
 * The scheme is from Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008). B is packed
 * into panels as wide as a tile (see pack.ts). One panel at a time, cut to a block of the depth, stays in the
 * first-level cache. A is packed a block of rows at a time, which stays in the second-level cache. A tile of C stays in
 * registers over the block's depth.
 *
 * Each element of C is summed in the order of the depth. The sum is divided into blocks of `blockDepth(k)` terms, and
 * the blocks' sums are added in order. The bits of an element therefore don't depend on the tile, on packing, or on the
 * division of C among calls and threads.
 */

import { type FloatType, type FloatVector, floatVector, laneBytes } from '../assembler/float-vector.ts';
import { i32, smaller } from '../assembler/instructions.ts';
import {
  type Func,
  type FunctionBuilder,
  integers,
  type Local,
  type ModuleBuilder,
} from '../assembler/module-builder.ts';
import { upperFirst } from '../assembler/vector-loops.ts';
import { minJoinedBytes, type VectorBits } from '../assembler/vector-width.ts';
import { definePack, type PackArguments } from './pack.ts';

/** The part of C held in registers, and how operands are packed for it. */
export interface Tile {
  /**
   * `rows` is the height of a tile and of a panel of A. `vectors` is the number of vectors in a row of a tile, and in a
   * row of a panel of B.
   */
  readonly rows: number;
  readonly vectors: number;
  /** Heights of the tiles that cover a panel: smaller ones for the rows left over, taller ones for narrow panels. */
  readonly heights: readonly number[];
  /** Whether the engine joins neighbouring vectors of a row into one of 256 bits. */
  readonly isJoined: boolean;
}

/**
 * The fastest tiles measured with Node 20 to 24 on x86-64. The 15 usable registers must hold the tile, the operands
 * loaded for one step of the depth and, if multiply and add are two instructions, a product. With larger tiles, or
 * steps unrolled by hand, V8 spills registers and runs half as fast. From 2025 on V8 delays loads until needed, which
 * frees registers.
 *
 * `wide` is for vectors of 256 bits, of which V8 makes 12 sums of 24. It then computes twice as much per second as
 * `recent`; without such vectors it is slower by a third. Of 4x16, 5x16, 6x8 and 12x8, none came within 5 %.
 */
export const TILES = {
  plain: { rows: 2, vectors: 4, heights: [4, 2, 1], isJoined: false },
  relaxed: { rows: 4, vectors: 2, heights: [4, 2, 1], isJoined: false },
  recent: { rows: 6, vectors: 2, heights: [6, 4, 2, 1], isJoined: false },
  wide: { rows: 6, vectors: 4, heights: [6, 4, 2, 1], isJoined: true },
} as const satisfies Record<string, Tile>;

/**
 * Names a tile. `plain` multiplies and adds; the others use relaxed multiply-add. `recent` is for engines of 2025 and
 * later.
 */
export type TileName = keyof typeof TILES;

/** The number of operations of a product that take as long as an elementwise kernel takes for one byte. */
const OPERATIONS_PER_BYTE = 32;

/** Returns whether products of this many multiplications and additions use the `wide` tile, if it is the best one. */
export const isWide = (operations: number): boolean => operations >= OPERATIONS_PER_BYTE * minJoinedBytes();

/** Returns the tile for this engine, with or without relaxed SIMD. Recent engines are recognized by Float16Array. */
export const bestTile = (relaxed: boolean, bits: VectorBits = 128): TileName =>
  relaxed ? (bits === 256 ? 'wide' : 'Float16Array' in globalThis ? 'recent' : 'relaxed') : 'plain';

/** At this depth a panel of B takes 16 KiB, half of a typical first-level cache. */
const MAXIMUM_BLOCK_DEPTH = 256;
/** Number of rows of A packed at a time: 192 KiB of float32, in whole panels of every width. */
export const BLOCK_ROWS = 96;
/** The width in bytes of the columns of C that are computed over the whole depth before the next ones. */
const BLOCK_COLUMN_BYTES = 1024;

/** The division of operands of one type into panels, and the layout of the panels. */
export interface ProductLayout {
  readonly type: FloatType;
  /** Bytes of an element. */
  readonly bytes: number;
  /** The columns of a panel of B, and the rows of a panel of A. */
  readonly panelColumns: number;
  readonly panelRows: number;
  /** Returns the size in bytes of a packed B of k x n. */
  packedBytes(k: number, n: number): number;
  /**
   * Returns the size in bytes of the scratch memory in which `multiply` packs A of m rows, one block of rows at a time.
   */
  workBytes(m: number, k: number): number;
}

/** Returns how a product of one type is divided into panels for a tile. */
export function productLayout(type: FloatType, tile: TileName): ProductLayout {
  const { rows, vectors } = TILES[tile];
  const bytes = laneBytes[type];
  const columns = (vectors * 16) / bytes;
  return {
    type,
    bytes,
    panelColumns: columns,
    panelRows: rows,
    packedBytes: (k, n) => Math.ceil(n / columns) * columns * k * bytes,
    workBytes: (m, k) => Math.ceil(Math.min(m, BLOCK_ROWS) / rows) * rows * k * bytes,
  };
}

/**
 * Returns the depth of the blocks into which a product of depth k is split: nearly equal depths, at most the maximum.
 */
export const blockDepth = (k: number): number => Math.ceil(k / Math.ceil(k / MAXIMUM_BLOCK_DEPTH));

const multiplyParameters = integers(
  ...(['m', 'n', 'k', 'depth', 'a', 'aRowStride', 'aColumnStride'] as const),
  ...(['b', 'bStep', 'bPanel', 'c', 'cRowStride', 'base', 'baseRowStride', 'work'] as const),
);

/** The arguments of `multiply` by name. Sizes are at least 1; pointers and strides are in bytes. */
export type MultiplyArguments = { readonly [Name in keyof typeof multiplyParameters]: number };

/** A matrix product over linear memory. */
export interface ProductKernels {
  /** Packs B, `depth` x `width`, into panels of `panelColumns` columns, `panelStride` bytes apart. */
  pack(p: PackArguments): void;
  /**
   * Computes C = A B, with A of m x k with any strides and C of m x n with contiguous rows.
   *
   * A `base` other than 0 is added: a stride of 0 adds one row to all rows, and C itself may be the base. Row i of
   * panel j of B is at `b + i bStep + j bPanel`, so B is packed or has contiguous rows. `depth` is `blockDepth` of
   * the whole product; `work` has `workBytes`. Calls can split C by rows, or by columns in whole panels, and the
   * depth in whole blocks.
   */
  multiply(p: MultiplyArguments): void;
}

/** The functions that `defineProduct` adds to a module. Parameters are positional. */
export interface ProductExports {
  readonly pack: (...p: readonly number[]) => void;
  readonly multiply: (...p: readonly number[]) => void;
}

/** Wraps a module's kernels to take named arguments. */
export function productKernels({ pack, multiply }: ProductExports): ProductKernels {
  return {
    pack: (p) => pack(p.source, p.rowStride, p.columnStride, p.depth, p.width, p.target, p.panelStride),
    // biome-ignore format: the order of multiplyParameters, as there
    multiply: (p) => multiply(
      p.m, p.n, p.k, p.depth, p.a, p.aRowStride, p.aColumnStride,
      p.b, p.bStep, p.bPanel, p.c, p.cRowStride, p.base, p.baseRowStride, p.work,
    ),
  };
}

/**
 * Adds the functions of `ProductExports` to a module, for one type and tile. Names begin with `prefix`, so that a module can
 * have the functions of both types.
 */
export function defineProduct(module: ModuleBuilder, type: FloatType, tileName: TileName, prefix = '') {
  const tile: Tile = TILES[tileName];
  const v = floatVector(type, tileName !== 'plain');
  const packA = definePack(module, `${prefix}packA`, v, tile.rows, tile.isJoined);
  const pack = definePack(module, `${prefix}pack`, v, tile.vectors * v.lanes, tile.isJoined);
  const block = defineBlock(module, `${prefix}block`, v, tile, { a: 'packed', b: 'stepped' });
  const multiply = module.define(`${prefix}multiply`, multiplyParameters, (f, p) => {
    f.for(0, p.m, BLOCK_ROWS, (row) => {
      const rows = f.let(smaller(f.let(i32.sub(p.m, row)), i32.const(BLOCK_ROWS)));
      const aPanels = i32.divU(i32.add(rows, tile.rows - 1), tile.rows);
      const aStep = f.let(i32.mul(aPanels, tile.rows * v.laneBytes));
      const a = f.let(i32.add(p.a, i32.mul(row, p.aRowStride)));
      f.for(0, p.k, p.depth, (start) => {
        const depth = f.let(smaller(f.let(i32.sub(p.k, start)), p.depth));
        f.run(
          packA.call({
            source: i32.add(a, i32.mul(start, p.aColumnStride)),
            depth,
            width: rows,
            rowStride: p.aColumnStride,
            columnStride: p.aRowStride,
            target: i32.add(p.work, i32.mul(start, aStep)),
            panelStride: i32.mul(depth, tile.rows * v.laneBytes),
          }),
        );
      });
      f.run(
        block.call({
          rows,
          n: p.n,
          k: p.k,
          depth: p.depth,
          a: p.work,
          aStep,
          b: p.b,
          bStep: p.bStep,
          bPanel: p.bPanel,
          list: 0,
          c: i32.add(p.c, i32.mul(row, p.cRowStride)),
          cRowStride: p.cRowStride,
          base: i32.add(p.base, i32.mul(row, p.baseRowStride)),
          baseRowStride: p.baseRowStride,
        }),
      );
    });
  });
  return { pack, multiply };
}

/** The functions that `defineProduct` added. */
export type ProductFunctions = ReturnType<typeof defineProduct>;

/**
 * The addressing of operand elements in the kernel.
 * - A: packed panels, or contiguous rows at byte offsets from `a` listed in a table of 32-bit integers.
 * - B: panel rows, at a fixed stride or at byte offsets from `b` listed in that table.
 */
export interface Addressing {
  readonly a: 'packed' | 'listed';
  readonly b: 'stepped' | 'listed';
}

const blockParameters = integers(
  ...(['rows', 'n', 'k', 'depth', 'a', 'aStep', 'b', 'bStep', 'bPanel', 'list'] as const),
  ...(['c', 'cRowStride', 'base', 'baseRowStride'] as const),
);

/**
 * Defines a function that computes some rows of C. It processes all of their columns for one block of the depth before
 * it begins the next block. The first block adds to the rows at `base`, unless `base` is 0, and later blocks add to C.
 * For the block of the depth that begins at `start`, the packed rows of A begin at `a + start aStep`.
 */
export function defineBlock(
  module: ModuleBuilder,
  name: string,
  v: FloatVector,
  tile: Tile,
  addressing: Addressing,
): Func<typeof blockParameters, 'void'> {
  const storePart = defineStorePart(module, `${name}StorePart`, v);
  const panels = Array.from({ length: tile.vectors }, (_, i) =>
    definePanel(module, `${name}Panel${i + 1}`, v, tile, i + 1, storePart, addressing),
  );
  const widest = panels[tile.vectors - 1]!;
  const panelColumns = tile.vectors * v.lanes;
  const blockColumns = BLOCK_COLUMN_BYTES / v.laneBytes;
  const isListed = { a: addressing.a === 'listed', b: addressing.b === 'listed' };
  return module.define(name, blockParameters, (f, p) => {
    f.for(0, p.n, blockColumns, (column) => {
      f.for(0, p.k, p.depth, (start) => {
        const panelStart = f.let(i32.add(p.b, i32.mul(i32.divU(column, panelColumns), p.bPanel)));
        const b = isListed.b ? panelStart : f.let(i32.add(panelStart, i32.mul(start, p.bStep)));
        const c = f.let(i32.add(p.c, i32.mul(column, v.laneBytes)));
        const columns = f.let(smaller(f.let(i32.sub(p.n, column)), i32.const(blockColumns)));
        const [base, baseRowStride] = [f.let(c), f.let(p.cRowStride)];
        f.if(i32.eq(start, 0), () => {
          f.set(base, i32.add(p.base, i32.mul(column, v.laneBytes)));
          f.set(baseRowStride, p.baseRowStride);
        });
        const place = {
          rows: p.rows,
          depth: f.let(smaller(f.let(i32.sub(p.k, start)), p.depth)),
          a: f.let(i32.add(p.a, i32.mul(start, isListed.a ? v.laneBytes : p.aStep))),
          b,
          bStep: p.bStep,
          list: isListed.b ? f.let(i32.add(p.list, i32.mul(start, 4))) : p.list,
          c,
          cRowStride: p.cRowStride,
          add: f.let(i32.or(p.base, start)),
          base,
          baseRowStride,
        };
        f.while(i32.geS(columns, panelColumns), () => {
          f.run(widest.call({ ...place, lanes: v.lanes }));
          f.advance(b, p.bPanel);
          for (const pointer of [c, base]) f.advance(pointer, tile.vectors * 16);
          f.advance(columns, -panelColumns);
        });
        panels.forEach((panel, i) => {
          // The last panel computes only the vectors it needs; its last vector may be partial.
          const lanes = f.let(i32.sub(columns, i * v.lanes));
          const last = i32.and(i32.gtS(lanes, 0), i32.leS(lanes, v.lanes));
          f.if(last, () => f.run(panel.call({ ...place, lanes })));
        });
      });
    });
  });
}

const panelParameters = integers(
  ...(['rows', 'depth', 'a', 'b', 'bStep', 'list'] as const),
  ...(['c', 'cRowStride', 'lanes', 'add', 'base', 'baseRowStride'] as const),
);

type Panel = Func<typeof panelParameters, 'void'>;

/** The parameters of a panel's function, and values that its tiles share. */
type PanelScope = { readonly [Name in keyof typeof panelParameters]: Local<'i32'> } & {
  readonly v: FloatVector;
  readonly panelRows: number;
  readonly vectors: number;
  readonly isJoined: boolean;
  readonly storePart: StorePart;
  readonly addressing: Addressing;
  /** The size in bytes of a panel of A, or of a row if A is addressed by a table. */
  readonly aPanel: Local<'i32'>;
};

/**
 * Computes all rows of C for one panel of B. Uses `vectors` vectors of the panel, and only the first `lanes` lanes of
 * the last one.
 */
function definePanel(
  module: ModuleBuilder,
  name: string,
  v: FloatVector,
  { rows: panelRows, vectors: widest, heights, isJoined }: Tile,
  vectors: number,
  storePart: StorePart,
  addressing: Addressing,
): Panel {
  const isListed = addressing.a === 'listed';
  return module.define(name, panelParameters, (f, p) => {
    const aPanel = f.let(i32.mul(p.depth, (isListed ? 1 : panelRows) * v.laneBytes));
    const scope = { ...p, v, panelRows, vectors, isJoined, storePart, addressing, aPanel };
    // Narrow panels use taller tiles, to keep enough additions in flight.
    for (const height of heights.filter((height) => height * vectors <= panelRows * widest)) {
      f.while(i32.geS(p.rows, height), () => {
        tile(f, scope, height);
        if (isListed) f.advance(p.list, 4 * height);
        else f.advance(p.a, height % panelRows === 0 ? i32.mul(aPanel, height / panelRows) : height * v.laneBytes);
        f.advance(p.c, i32.mul(p.cRowStride, height));
        f.advance(p.base, i32.mul(p.baseRowStride, height));
        f.advance(p.rows, -height);
      });
    }
  });
}

/**
 * Returns where a tile's `height` rows of A begin: pointers that advance by `step`, and the pointer and offset of
 * each row.
 */
function rowsOfA(f: FunctionBuilder, { v, panelRows, aPanel, a, list, addressing }: PanelScope, height: number) {
  if (addressing.a === 'listed') {
    const pointers = Array.from({ length: height }, (_, i) => f.let(i32.add(a, i32.load(list, 4 * i))));
    return { pointers, step: v.laneBytes, row: (i: number) => ({ pointer: pointers[i]!, offset: 0 }) };
  }
  const pointers = Array.from({ length: Math.ceil(height / panelRows) }, (_, i) =>
    f.let(i32.add(a, i32.mul(aPanel, i))),
  );
  const row = (i: number) => ({ pointer: pointers[Math.floor(i / panelRows)]!, offset: (i % panelRows) * v.laneBytes });
  return { pointers, step: panelRows * v.laneBytes, row };
}

/** Computes the tile of `height` rows at the start of the panel. */
function tile(f: FunctionBuilder, scope: PanelScope, height: number): void {
  const { v, vectors, aPanel, b, bStep, list, addressing } = scope;
  const zero = v.const(0);
  const sums = Array.from({ length: height }, () => Array.from({ length: vectors }, () => f.let(zero)));
  const { pointers, step, row: rowOf } = rowsOfA(f, scope, height);
  const bRow = f.let(b);
  const distance = addressing.b === 'listed' ? f.let(list) : undefined;
  const end = f.let(i32.add(pointers[0]!, aPanel));
  f.loop((again) => {
    if (distance !== undefined) {
      f.set(bRow, i32.add(b, i32.load(distance)));
      f.advance(distance, 4);
    }
    const row = Array.from({ length: vectors }, (_, i) => f.let(v.load(bRow, 16 * i)));
    sums.forEach((sumsOfRow, i) => {
      const { pointer, offset } = rowOf(i);
      const factor = f.let(v.loadSplat(pointer, offset));
      for (const [j, sum] of sumsOfRow.entries()) f.set(sum, v.madd(factor, row[j]!, sum));
    });
    if (distance === undefined) f.advance(bRow, bStep);
    for (const pointer of pointers) f.advance(pointer, step);
    f.branchIf(again, i32.ltU(pointers[0]!, end));
  });
  store(f, scope, sums);
}

/** Stores the sums in C, after adding the rows at the base if there are any. */
function store(f: FunctionBuilder, scope: PanelScope, sums: readonly (readonly Local<'v128'>[])[]): void {
  const { v, vectors, isJoined, c, cRowStride, base, baseRowStride, lanes, add, storePart } = scope;
  const rows = sums.map((_, i) => f.let(i32.add(c, i32.mul(cRowStride, i))));
  const last = 16 * (vectors - 1);
  // Two vectors are joined only if they are stored in the same block of code.
  const whole = isJoined && vectors % 2 === 0 ? vectors - 2 : vectors - 1;
  const storeFrom = (from: number, to: number) =>
    sums.flatMap((sumsOfRow, i) =>
      upperFirst(sumsOfRow.slice(from, to).map((sum, j) => v.store(rows[i]!, sum, 16 * (from + j)))),
    );
  f.if(add, () => {
    for (const [i, sumsOfRow] of sums.entries()) {
      const row = f.let(i32.add(base, i32.mul(baseRowStride, i)));
      for (const [j, sum] of sumsOfRow.entries()) f.set(sum, v.add(v.load(row, 16 * j), sum));
    }
  });
  f.run(...storeFrom(0, whole));
  f.if(
    i32.eq(lanes, v.lanes),
    () => f.run(...storeFrom(whole, vectors)),
    () =>
      f.run(
        ...storeFrom(whole, vectors - 1),
        ...sums.map((sumsOfRow, i) =>
          storePart.call({ to: i32.add(rows[i]!, last), vector: sumsOfRow[vectors - 1]!, lanes }),
        ),
      ),
  );
}

const partParameters = { to: 'i32', vector: 'v128', lanes: 'i32' } as const;

type StorePart = Func<typeof partParameters, 'void'>;

/** Stores the first lanes of a vector, at least one but not all. */
function defineStorePart(module: ModuleBuilder, name: string, v: FloatVector): StorePart {
  return module.define(name, partParameters, (f, { to, vector, lanes }) => {
    for (let part = 1; part < v.lanes; part++) {
      f.if(i32.eq(lanes, part), () => f.run(v.storePart(part, to, vector)));
    }
  });
}
