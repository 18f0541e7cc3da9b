import { allocate, type NdArray } from '../array.ts';
import type { Data } from '../dtype.ts';

// The product is computed in tiles of 4 by 4, whose sixteen sums stay in registers, from operands packed so that a tile
// reads memory in order. A block of this many columns of packed B fits the second-level cache.
const tile = 4;
const blockDepth = 256;
const blockColumns = 512;

/** Packs rows `from … from + count` of a strided matrix, four at a time, side by side along `k`. */
function pack(
  packed: Float64Array,
  source: Data,
  offset: number,
  rowStride: number,
  depthStride: number,
  rows: number,
  depth: number,
): void {
  let to = 0;
  for (let row = 0; row < rows; row += tile) {
    for (let p = 0; p < depth; p++) {
      for (let r = row; r < row + tile; r++) {
        packed[to++] = r < rows ? source[offset + r * rowStride + p * depthStride]! : 0;
      }
    }
  }
}

const sums = new Float64Array(tile * tile);

/** sums = packed rows of A times packed columns of B. */
function multiplyTile(a: Float64Array, aFrom: number, b: Float64Array, bFrom: number, depth: number): void {
  let [c00, c01, c02, c03, c10, c11, c12, c13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [c20, c21, c22, c23, c30, c31, c32, c33] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let p = 0; p < depth; p++) {
    const i = aFrom + p * tile;
    const j = bFrom + p * tile;
    const [b0, b1, b2, b3] = [b[j]!, b[j + 1]!, b[j + 2]!, b[j + 3]!];
    const a0 = a[i]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    const a1 = a[i + 1]!;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    const a2 = a[i + 2]!;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    const a3 = a[i + 3]!;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  sums[0] = c00;
  sums[1] = c01;
  sums[2] = c02;
  sums[3] = c03;
  sums[4] = c10;
  sums[5] = c11;
  sums[6] = c12;
  sums[7] = c13;
  sums[8] = c20;
  sums[9] = c21;
  sums[10] = c22;
  sums[11] = c23;
  sums[12] = c30;
  sums[13] = c31;
  sums[14] = c32;
  sums[15] = c33;
}

/**
 * out = x y for matrices on any strides; `out` is contiguous.
 *
 * Sums are formed in float64 whatever the dtype, so int32 products are exact while they stay below 2^53.
 */
export function multiplyMatrices(x: NdArray, y: NdArray, out: NdArray): void {
  const [m, k] = x.shape as [number, number];
  const n = y.shape[1]!;
  const total = out.dtype === 'float64' ? (out.data as Float64Array) : new Float64Array(m * n);
  const origin = out.dtype === 'float64' ? out.offset : 0;
  const roundUp = (length: number) => Math.ceil(length / tile) * tile;
  const depthOf = (from: number) => Math.min(blockDepth, k - from);
  const a = allocate('float64', roundUp(m) * Math.min(blockDepth, k)) as Float64Array;
  const b = allocate('float64', roundUp(Math.min(blockColumns, n)) * Math.min(blockDepth, k)) as Float64Array;

  for (let p = 0; p < k; p += blockDepth) {
    const depth = depthOf(p);
    pack(a, x.data, x.offset + p * x.stride[1]!, x.stride[0]!, x.stride[1]!, m, depth);
    for (let from = 0; from < n; from += blockColumns) {
      const columns = Math.min(blockColumns, n - from);
      pack(b, y.data, y.offset + p * y.stride[0]! + from * y.stride[1]!, y.stride[1]!, y.stride[0]!, columns, depth);
      for (let i = 0; i < m; i += tile) {
        for (let j = 0; j < columns; j += tile) {
          multiplyTile(a, i * depth, b, j * depth, depth);
          for (let r = 0; r < tile && i + r < m; r++) {
            const row = origin + (i + r) * n + from + j;
            for (let c = 0; c < tile && j + c < columns; c++) total[row + c]! += sums[r * tile + c]!;
          }
        }
      }
    }
  }
  if (out.dtype !== 'float64') for (let i = 0; i < total.length; i++) out.data[out.offset + i] = total[i]!;
}
