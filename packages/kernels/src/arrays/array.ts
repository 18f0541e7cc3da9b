import { allocate } from '../memory/allocate.ts';
import { zeroed } from '../memory/slab.ts';
import type { Data, DType } from './dtype.ts';
import { rowMajor, type Shape, sizeOf } from './shape.ts';

/**
 * A strided array with ndarray's fields: element `[i, j, …]` is at `data[offset + i * stride[0] + j * stride[1] +
 * …]`.
 *
 * Arrays are immutable by convention, so that transposes, slices and broadcasts (stride 0) can be views of the same
 * data.
 */
export class NdArray {
  readonly data: Data;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Strides in elements, one per axis. */
  readonly stride: readonly number[];
  /** Offset of the first element, in elements. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;

  constructor(data: Data, dtype: DType, shape: Shape, stride: readonly number[] = rowMajor(shape), offset = 0) {
    this.data = data;
    this.dtype = dtype;
    this.shape = shape;
    this.stride = stride;
    this.offset = offset;
    this.size = sizeOf(shape);
  }
}

/** Returns whether the elements are stored one after another in row-major order. */
export function isContiguous(x: NdArray): boolean {
  const { shape, stride } = x;
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const length = shape[i]!;
    if (length !== 1 && stride[i] !== step) return x.size === 0;
    step *= length;
  }
  return true;
}

/** Allocates an uninitialized array, for results that write all elements. */
export const empty = (shape: Shape, dtype: DType): NdArray => new NdArray(allocate(dtype, sizeOf(shape)), dtype, shape);

/** Allocates an array filled with `value`. */
export function filled(shape: Shape, value: number, dtype: DType): NdArray {
  const data = zeroed(dtype, sizeOf(shape));
  if (!Object.is(value, 0)) data.fill(value);
  return new NdArray(data, dtype, shape);
}
