/**
 * A matrix product for one kind of problem, as a reference point for the general one: row-major square matrices whose
 * size is a multiple of the tile's width. It is a page of WebAssembly text.
 *
 * A is packed by tiles, so that the elements for one step are adjacent. B is packed by panels of `4 vectors` columns
 * with all rows. A tile of `rows` rows of C then stays in registers while k runs over the whole depth. If `rows`
 * doesn't divide the size, the last tile overlaps the one before it. The vectors of a row are stored from the last to the
 * first, since V8 then joins two of them into one store.
 */

import initWabt from 'wabt';

/** A register tile: its rows of C, its vectors of four columns, and whether one instruction multiplies and adds. */
interface Tile {
  readonly rows: number;
  readonly vectors: number;
  readonly relaxed: boolean;
}

/** The fastest tiles measured on x86-64, for plain and for relaxed SIMD. */
const PLAIN_TILE: Tile = { rows: 2, vectors: 4, relaxed: false };
const RELAXED_TILE: Tile = { rows: 6, vectors: 2, relaxed: true };
/** The fastest one where V8 joins neighbouring vectors into vectors of 256 bits. */
const WIDE_TILE: Tile = { rows: 6, vectors: 4, relaxed: true };

const PAGE = 65_536;

type Product = (a: number, b: number, c: number, packedA: number, panel: number, size: number) => void;

function text({ rows, vectors, relaxed }: Tile): string {
  const row = [...Array(rows).keys()];
  const vector = [...Array(vectors).keys()];
  const lines = <T>(items: readonly T[], line: (item: T) => string) => items.map(line).join('\n');
  const tile = (line: (r: number, v: number) => string) => lines(vector, (v) => lines(row, (r) => line(r, v)));
  const height = 4 * rows;
  const width = 16 * vectors;
  const accumulate = (r: number, v: number) => {
    const sum = `(local.get $c${r}_${v})`;
    const factors = `(local.get $a${r}) (local.get $b${v})`;
    const result = relaxed ? `(f32x4.relaxed_madd ${factors} ${sum})` : `(f32x4.add ${sum} (f32x4.mul ${factors}))`;
    return `(local.set $c${r}_${v} ${result})`;
  };
  const loadA = (r: number) => `(local.set $a${r} (v128.load32_splat offset=${4 * r} (local.get $a)))`;
  const loadB = (v: number) => `(local.set $b${v} (v128.load offset=${16 * v} (local.get $to)))`;
  // Keeps the operand with fewer vectors in registers and streams the other. If registers spill, the speed halves.
  const step =
    rows < vectors
      ? [...row.map(loadA), ...vector.flatMap((v) => [loadB(v), ...row.map((r) => accumulate(r, v))])]
      : [...vector.map(loadB), ...row.flatMap((r) => [loadA(r), ...vector.map((v) => accumulate(r, v))])];
  // Computes the first row of the tile at $i. The last tile is moved up if fewer rows are left.
  const clamp = `
    (if (i32.gt_s (local.get $i) (i32.sub (local.get $size) (i32.const ${rows})))
      (then (local.set $i (i32.sub (local.get $size) (i32.const ${rows})))))`;
  const nextTile = (label: string) => `
    (br_if ${label} (i32.lt_u
      (local.tee $i (i32.add (local.get $i) (i32.const ${rows}))) (local.get $size)))`;
  return `(module
  (memory (export "memory") 1)

  ;; $to: A tile by tile, of each tile column by column
  (func $packA (param $A i32) (param $to i32) (param $size i32)
    (local $stride i32) (local $i i32) (local $k i32) (local $from i32)
    (local.set $stride (i32.shl (local.get $size) (i32.const 2)))
    (loop $tiles
      ${clamp}
      (local.set $k (i32.const 0))
      (loop $columns
        (local.set $from (i32.add (local.get $A)
          (i32.add (local.get $k) (i32.mul (local.get $i) (local.get $stride)))))
        ${lines(
          row,
          (r) => `
        (f32.store offset=${4 * r} (local.get $to) (f32.load (local.get $from)))
        (local.set $from (i32.add (local.get $from) (local.get $stride)))`,
        )}
        (local.set $to (i32.add (local.get $to) (i32.const ${height})))
        (br_if $columns (i32.lt_u
          (local.tee $k (i32.add (local.get $k) (i32.const 4))) (local.get $stride))))
      ${nextTile('$tiles')}))

  (func (export "product")
    (param $A i32) (param $B i32) (param $C i32) (param $packedA i32) (param $panel i32) (param $size i32)
    (local $stride i32) (local $i i32) (local $j i32) (local $a i32) (local $from i32) (local $to i32)
    (local $end i32) (local $out i32)
    ${lines(row, (r) => `(local $a${r} v128)`)}
    ${lines(vector, (v) => `(local $b${v} v128)`)}
    ${tile((r, v) => `(local $c${r}_${v} v128)`)}
    (call $packA (local.get $A) (local.get $packedA) (local.get $size))
    (local.set $stride (i32.shl (local.get $size) (i32.const 2)))
    (local.set $end (i32.add (local.get $panel) (i32.mul (local.get $size) (i32.const ${width}))))
    (loop $panels
      ;; pack the panel of B whose first column lies $j bytes into a row
      (local.set $from (i32.add (local.get $B) (local.get $j)))
      (local.set $to (local.get $panel))
      (loop $pack
        (memory.copy (local.get $to) (local.get $from) (i32.const ${width}))
        (local.set $from (i32.add (local.get $from) (local.get $stride)))
        (br_if $pack (i32.lt_u
          (local.tee $to (i32.add (local.get $to) (i32.const ${width}))) (local.get $end))))
      (local.set $a (local.get $packedA))
      (local.set $i (i32.const 0))
      (loop $tiles
        ${clamp}
        ${tile((r, v) => `(local.set $c${r}_${v} (v128.const i32x4 0 0 0 0))`)}
        (local.set $to (local.get $panel))
        (loop $depth
          ${step.join('\n')}
          (local.set $a (i32.add (local.get $a) (i32.const ${height})))
          (br_if $depth (i32.lt_u
            (local.tee $to (i32.add (local.get $to) (i32.const ${width}))) (local.get $end))))
        (local.set $out (i32.add (local.get $C)
          (i32.add (local.get $j) (i32.mul (local.get $i) (local.get $stride)))))
        ${lines(
          row,
          (r) => `
        ${lines(vector.toReversed(), (v) => `(v128.store offset=${16 * v} (local.get $out) (local.get $c${r}_${v}))`)}
        (local.set $out (i32.add (local.get $out) (local.get $stride)))`,
        )}
        ${nextTile('$tiles')})
      (br_if $panels (i32.lt_u
        (local.tee $j (i32.add (local.get $j) (i32.const ${width}))) (local.get $stride))))))`;
}

async function assemble(tile: Tile): Promise<Uint8Array<ArrayBuffer>> {
  const wabt = await initWabt();
  const module = wabt.parseWat('product.wat', text(tile), { simd: true, relaxed_simd: true, bulk_memory: true });
  const { buffer } = module.toBinary({});
  module.destroy();
  return new Uint8Array(buffer);
}

export interface HandwrittenProduct {
  /** Computes C = A B. */
  run(): void;
  /** A view of C, [size, size]. */
  readonly c: Float32Array;
}

/**
 * Returns a product of two matrices [size, size]; the operands are copied in. `isWide` says whether V8 joins neighbouring
 * vectors.
 */
export async function handwrittenProduct(
  a: Float32Array,
  b: Float32Array,
  size: number,
  isWide: boolean,
): Promise<HandwrittenProduct> {
  const relaxed = isWide ? WIDE_TILE : RELAXED_TILE;
  const tile = WebAssembly.validate(await assemble(relaxed)) ? relaxed : PLAIN_TILE;
  const { instance } = await WebAssembly.instantiate(await assemble(tile));
  const { memory, product } = instance.exports as unknown as { memory: WebAssembly.Memory; product: Product };
  const rows = Math.ceil(size / tile.rows) * tile.rows;
  const pages = Math.ceil((4 * rows * size) / PAGE);
  const at = (n: number) => n * pages * PAGE;
  memory.grow(5 * pages);
  new Float32Array(memory.buffer, at(0), a.length).set(a);
  new Float32Array(memory.buffer, at(1), b.length).set(b);
  return {
    run: () => product(at(0), at(1), at(2), at(3), at(4), size),
    c: new Float32Array(memory.buffer, at(2), size * size),
  };
}
