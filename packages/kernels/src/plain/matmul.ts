import type { NdArray } from '../arrays/array.ts';
import { copyRun } from '../arrays/copy.ts';
import type { Data } from '../arrays/dtype.ts';
import { allocate } from '../memory/allocate.ts';

// The product is computed in tiles of 4 by 4, whose sixteen sums stay in registers. Operands are packed so that a tile
// reads memory in order. The parts of both operands that a block of the result needs at a time fit in a second-level
// cache.
const tile = 4;
const blockRows = 128;
const blockColumns = 256;
const blockDepth = 256;

const roundUp = (length: number): number => Math.ceil(length / tile) * tile;

/** Packs the rows of a strided matrix, interleaving four rows at a time column by column; missing rows are zero. */
function pack(
  packed: Float64Array,
  source: Data,
  offset: number,
  rowStep: number,
  columnStep: number,
  rows: number,
  columns: number,
): void {
  let to = 0;
  for (let row = 0; row < rows; row += tile) {
    for (let column = 0; column < columns; column++) {
      const from = offset + row * rowStep + column * columnStep;
      for (let r = 0; r < tile; r++) packed[to++] = row + r < rows ? source[from + r * rowStep]! : 0;
    }
  }
}

/**
 * Adds the product of four packed rows of A and four packed columns of B to a tile of `sums`, whose rows are `width`
 * apart.
 */
function addTile(
  sums: Float64Array,
  at: number,
  width: number,
  a: Float64Array,
  i: number,
  b: Float64Array,
  j: number,
  depth: number,
): void {
  let [c00, c01, c02, c03, c10, c11, c12, c13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [c20, c21, c22, c23, c30, c31, c32, c33] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let p = 0; p < depth * tile; p += tile) {
    const b0 = b[j + p]!;
    const b1 = b[j + p + 1]!;
    const b2 = b[j + p + 2]!;
    const b3 = b[j + p + 3]!;
    const a0 = a[i + p]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    const a1 = a[i + p + 1]!;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    const a2 = a[i + p + 2]!;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    const a3 = a[i + p + 3]!;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  addRow(sums, at, c00, c01, c02, c03);
  addRow(sums, at + width, c10, c11, c12, c13);
  addRow(sums, at + 2 * width, c20, c21, c22, c23);
  addRow(sums, at + 3 * width, c30, c31, c32, c33);
}

function addRow(sums: Float64Array, at: number, c0: number, c1: number, c2: number, c3: number): void {
  sums[at]! += c0;
  sums[at + 1]! += c1;
  sums[at + 2]! += c2;
  sums[at + 3]! += c3;
}

/** Multiplies float matrices; sums are computed in float64 and rounded once. */
function multiplyFloats(x: NdArray, y: NdArray, out: NdArray): void {
  const [m, k] = x.shape as [number, number];
  const n = y.shape[1]!;
  const [xRow, xColumn] = x.stride as [number, number];
  const [yRow, yColumn] = y.stride as [number, number];
  const [fullRows, fullColumns] = [roundUp(Math.min(m, blockRows)), roundUp(Math.min(n, blockColumns))];
  const fullDepth = Math.min(k, blockDepth);
  const a = allocate('float64', fullRows * fullDepth) as Float64Array;
  const b = allocate('float64', fullColumns * fullDepth) as Float64Array;
  const sums = allocate('float64', fullRows * fullColumns) as Float64Array;

  for (let top = 0; top < m; top += blockRows) {
    const rows = Math.min(blockRows, m - top);
    for (let left = 0; left < n; left += blockColumns) {
      const columns = Math.min(blockColumns, n - left);
      sums.fill(0);
      for (let from = 0; from < k; from += blockDepth) {
        const depth = Math.min(blockDepth, k - from);
        pack(a, x.data, x.offset + top * xRow + from * xColumn, xRow, xColumn, rows, depth);
        pack(b, y.data, y.offset + left * yColumn + from * yRow, yColumn, yRow, columns, depth);
        for (let i = 0; i < rows; i += tile) {
          for (let j = 0; j < columns; j += tile) {
            addTile(sums, i * fullColumns + j, fullColumns, a, i * depth, b, j * depth, depth);
          }
        }
      }
      for (let i = 0; i < rows; i++) {
        copyRun(out.data, out.offset + (top + i) * n + left, 1, sums, i * fullColumns, 1, columns);
      }
    }
  }
}

/** Multiplies int32 matrices, wrapping as int32 products and sums do. */
function multiplyIntegers(x: NdArray, y: NdArray, out: NdArray): void {
  const [m, k] = x.shape as [number, number];
  const n = y.shape[1]!;
  const [a, b, c] = [x.data, y.data, out.data];
  const [xRow, xColumn] = x.stride as [number, number];
  const [yRow, yColumn] = y.stride as [number, number];
  for (let i = 0; i < m; i++) {
    const to = out.offset + i * n;
    c.fill(0, to, to + n);
    for (let p = 0; p < k; p++) {
      const factor = a[x.offset + i * xRow + p * xColumn]!;
      const from = y.offset + p * yRow;
      for (let j = 0; j < n; j++) c[to + j]! += Math.imul(factor, b[from + j * yColumn]!);
    }
  }
}

/** Computes out = x y for matrices with any strides; `out` must be contiguous. */
export function multiplyMatrices(x: NdArray, y: NdArray, out: NdArray): void {
  if (out.dtype === 'int32') multiplyIntegers(x, y, out);
  else multiplyFloats(x, y, out);
}
