/** The memory layouts in which an array of a given shape is tested. */

import { NdArray } from '../arrays/array.ts';
import { type DType, newData } from '../arrays/dtype.ts';
import { rowMajor, type Shape, sizeOf } from '../arrays/shape.ts';
import { indices } from '../reference/indices.ts';
import { type Values, valueAt } from './values.ts';

interface Placement {
  readonly stride: readonly number[];
  readonly offset: number;
  /** Number of elements of the data. */
  readonly length: number;
}

const total = (stride: readonly number[]): number => stride.reduce((sum, step) => sum + step, 0);

const placements = {
  /** A row-major array that begins at the first element of its data. */
  contiguous: (shape) => ({ stride: rowMajor(shape), offset: 0, length: sizeOf(shape) }),
  /** A row-major array that begins in the middle of its data, at an unaligned address. */
  offset: (shape) => ({ stride: rowMajor(shape), offset: 3, length: sizeOf(shape) + 5 }),
  /** The inside of an array with a border: each row is contiguous, but consecutive rows are not adjacent. */
  window(shape) {
    const outer = shape.map((length) => length + 3);
    const stride = rowMajor(outer);
    return { stride, offset: total(stride), length: sizeOf(outer) };
  },
  /** Column-major. */
  transposed: (shape) => ({ stride: rowMajor(shape.toReversed()).reverse(), offset: 0, length: sizeOf(shape) }),
  /** Every second element along every axis. */
  strided(shape) {
    const outer = shape.map((length) => 2 * length + 1);
    const stride = rowMajor(outer);
    return { stride: stride.map((step) => 2 * step), offset: total(stride), length: sizeOf(outer) };
  },
  /** An array that runs backwards through its data along every axis. */
  reversed: (shape) => ({
    stride: rowMajor(shape).map((step) => -step),
    offset: Math.max(0, sizeOf(shape) - 1),
    length: sizeOf(shape),
  }),
  /** Every second axis, starting with the first, repeats one entry with stride 0. */
  broadcast(shape) {
    const distinct = shape.map((length, axis) => (axis % 2 === 0 ? Math.min(length, 1) : length));
    const stride = rowMajor(distinct).map((step, axis) => (axis % 2 === 0 ? 0 : step));
    return { stride, offset: 0, length: sizeOf(distinct) };
  },
} satisfies Record<string, (shape: Shape) => Placement>;

/** The layout of an array's elements in memory. */
export type Layout = keyof typeof placements;

/** The layouts, by name. */
export const layouts = Object.keys(placements) as readonly Layout[];

// Fills the gaps between the elements with values that would spoil any result, because gaps must not be read.
const between: { readonly [D in DType]: number } = { float32: Number.NaN, float64: Number.NaN, int32: 77777, bool: 1 };

/** Makes a new array with its own memory. */
export function layOut(shape: Shape, dtype: DType, layout: Layout, values: Values): NdArray {
  const { stride, offset, length } = placements[layout](shape);
  const data = newData(dtype, length).fill(between[dtype]);
  let count = 0;
  for (const index of indices(shape)) {
    const place = index.reduce((sum, i, axis) => sum + i * stride[axis]!, offset);
    data[place] = valueAt(values, dtype, count++);
  }
  return new NdArray(data, dtype, shape, stride, offset);
}
