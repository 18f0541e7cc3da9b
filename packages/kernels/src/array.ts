import { bytesPerElement, type Data, type DType, newData, viewData } from './dtype.ts';
import { rowMajor, type Shape, sizeOf } from './shape.ts';

/**
 * A strided array with ndarray's fields: element `[i, j, …]` lies at `data[offset + i * stride[0] + j * stride[1] + …]`.
 *
 * Immutable by convention, so that transposes, slices and broadcasts (stride 0) are views of the same data.
 */
export class NdArray {
  readonly data: Data;
  readonly dtype: DType;
  readonly shape: Shape;
  /** In elements, one for each axis. */
  readonly stride: readonly number[];
  /** In elements, of the first one. */
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

/** Whether the elements lie one after the other in row-major order. */
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

// A small typed array with a buffer of its own costs ten times what a window on a shared one does, most of it paid by
// the garbage collector; so small arrays are cut from slabs, as Node's Buffer pool does.
const slabBytes = 1 << 16;
const largestPooled = slabBytes >> 3;
let slab = new ArrayBuffer(slabBytes);
let slabUsed = 0;

/** A zeroed typed array whose lifetime is short: small ones share a buffer. */
export function allocate(dtype: DType, length: number): Data {
  const bytes = length * bytesPerElement(dtype);
  if (bytes > largestPooled) return newData(dtype, length);
  const aligned = (bytes + 15) & ~15;
  if (slabUsed + aligned > slabBytes) {
    slab = new ArrayBuffer(slabBytes);
    slabUsed = 0;
  }
  const data = viewData(dtype, slab, slabUsed, length);
  slabUsed += aligned;
  return data;
}

/** A new zeroed array. */
export const empty = (shape: Shape, dtype: DType): NdArray => new NdArray(allocate(dtype, sizeOf(shape)), dtype, shape);

/** A new array filled with `value`. */
export function filled(shape: Shape, value: number, dtype: DType): NdArray {
  const out = empty(shape, dtype);
  if (!Object.is(value, 0)) out.data.fill(value);
  return out;
}
