/**
 * A matrix product written for one shape, as the mark that a general one is held against: row-major, square, its size a
 * multiple of the tile's width. WebAssembly text, in a page.
 *
 * B is packed panel by panel: `4 vectors` columns, all rows, contiguous. Then tile after tile of `rows` rows of C is kept in
 * registers while k runs over the whole depth. The last tile of a panel overlaps the one before it where the rows do not
 * divide the size.
 */

import initWabt from 'wabt';

/** A register tile: how many rows of C, how many vectors of four columns, and whether one instruction multiplies and adds. */
export interface Tile {
  readonly rows: number;
  readonly vectors: number;
  readonly relaxed: boolean;
}

/** The best tile for plain SIMD and for relaxed SIMD, of those that were measured on x86-64. */
const PLAIN_TILE: Tile = { rows: 2, vectors: 4, relaxed: false };
const RELAXED_TILE: Tile = { rows: 6, vectors: 2, relaxed: true };

const PAGE = 65_536;

type Product = (a: number, b: number, c: number, panel: number, size: number) => void;

function text({ rows, vectors, relaxed }: Tile): string {
  const row = [...Array(rows).keys()];
  const vector = [...Array(vectors).keys()];
  const each = (line: (r: number, v: number) => string) => row.flatMap((r) => vector.map((v) => line(r, v))).join('\n');
  const width = 16 * vectors;
  const sum = (r: number, v: number) => `$c${r}_${v}`;
  const accumulate = (r: number, v: number) =>
    relaxed
      ? `(local.set ${sum(r, v)} (f32x4.relaxed_madd (local.get $a) (local.get $b${v}) (local.get ${sum(r, v)})))`
      : `(local.set ${sum(r, v)} (f32x4.add (local.get ${sum(r, v)}) (f32x4.mul (local.get $a) (local.get $b${v}))))`;
  return `(module
  (memory (export "memory") 1)
  (func (export "product") (param $A i32) (param $B i32) (param $C i32) (param $panel i32) (param $size i32)
    (local $stride i32) (local $j i32) (local $i i32) (local $from i32) (local $to i32) (local $end i32)
    (local $row i32) (local $out i32) (local $a v128)
    ${vector.map((v) => `(local $b${v} v128)`).join(' ')}
    ${each((r, v) => `(local ${sum(r, v)} v128)`)}
    (local.set $stride (i32.shl (local.get $size) (i32.const 2)))
    (local.set $end (i32.add (local.get $panel) (i32.mul (local.get $size) (i32.const ${width}))))
    (loop $panels
      ;; pack the panel whose first column lies $j bytes into a row
      (local.set $from (i32.add (local.get $B) (local.get $j)))
      (local.set $to (local.get $panel))
      (loop $pack
        (memory.copy (local.get $to) (local.get $from) (i32.const ${width}))
        (local.set $from (i32.add (local.get $from) (local.get $stride)))
        (br_if $pack (i32.lt_u
          (local.tee $to (i32.add (local.get $to) (i32.const ${width}))) (local.get $end))))
      (local.set $i (i32.const 0))
      (loop $tiles
        (if (i32.gt_s (local.get $i) (i32.sub (local.get $size) (i32.const ${rows})))
          (then (local.set $i (i32.sub (local.get $size) (i32.const ${rows})))))
        ${each((r, v) => `(local.set ${sum(r, v)} (v128.const i32x4 0 0 0 0))`)}
        (local.set $row (i32.add (local.get $A) (i32.mul (local.get $i) (local.get $stride))))
        (local.set $to (local.get $panel))
        (loop $depth
          ${vector.map((v) => `(local.set $b${v} (v128.load offset=${16 * v} (local.get $to)))`).join('\n')}
          (local.set $from (local.get $row))
          ${row
            .map(
              (r) => `
          (local.set $a (v128.load32_splat (local.get $from)))
          ${vector.map((v) => accumulate(r, v)).join('\n')}
          ${r < rows - 1 ? '(local.set $from (i32.add (local.get $from) (local.get $stride)))' : ''}`,
            )
            .join('\n')}
          (local.set $row (i32.add (local.get $row) (i32.const 4)))
          (br_if $depth (i32.lt_u
            (local.tee $to (i32.add (local.get $to) (i32.const ${width}))) (local.get $end))))
        (local.set $out (i32.add (local.get $C)
          (i32.add (local.get $j) (i32.mul (local.get $i) (local.get $stride)))))
        ${row
          .map(
            (r) => `
        ${vector.map((v) => `(v128.store offset=${16 * v} (local.get $out) (local.get ${sum(r, v)}))`).join('\n')}
        (local.set $out (i32.add (local.get $out) (local.get $stride)))`,
          )
          .join('\n')}
        (br_if $tiles (i32.lt_u
          (local.tee $i (i32.add (local.get $i) (i32.const ${rows}))) (local.get $size))))
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
  readonly tile: Tile;
}

/** A product of two matrices [size, size], which are copied in. */
export async function handwrittenProduct(a: Float32Array, b: Float32Array, size: number): Promise<HandwrittenProduct> {
  const tile = WebAssembly.validate(await assemble(RELAXED_TILE)) ? RELAXED_TILE : PLAIN_TILE;
  const { instance } = await WebAssembly.instantiate(await assemble(tile));
  const { memory, product } = instance.exports as unknown as { memory: WebAssembly.Memory; product: Product };
  const pages = Math.ceil((4 * size * size) / PAGE);
  const at = (n: number) => n * pages * PAGE;
  memory.grow(4 * pages);
  new Float32Array(memory.buffer, at(0), a.length).set(a);
  new Float32Array(memory.buffer, at(1), b.length).set(b);
  return {
    run: () => product(at(0), at(1), at(2), at(3), size),
    c: new Float32Array(memory.buffer, at(2), size * size),
    tile,
  };
}
