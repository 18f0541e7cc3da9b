/** The arrays on which the reference interpreter computes, element by element. */

import ndarray from 'ndarray';
import { type Shape, sizeOf } from '../arrays/shape.ts';
import { type Index, indices } from './indices.ts';

export type Nd = ndarray.NdArray<Float64Array>;

export const zeros = (shape: Shape): Nd => ndarray(new Float64Array(sizeOf(shape)), [...shape]);

/** Returns `x` with stride 0 along the axes that `shape` stretches. */
export function stretch(x: Nd, shape: Shape): Nd {
  const lead = shape.length - x.shape.length;
  const stride = shape.map((n, i) => (i < lead || x.shape[i - lead] !== n ? 0 : x.stride[i - lead]!));
  return ndarray(x.data, [...shape], stride, x.offset);
}

/** Makes an array whose element at each index is `value(index)`. */
export function build(shape: Shape, value: (index: number[]) => number): Nd {
  const out = zeros(shape);
  let i = 0;
  for (const index of indices(shape)) out.data[i++] = value(index);
  return out;
}

export const get = (x: Nd, index: Index): number => x.get(...index);
export const valueAt =
  (x: Nd) =>
  (index: Index): number =>
    get(x, index);
export const add = (x: Nd, index: Index, value: number): void => {
  x.set(...index, x.get(...index) + value);
};
export const replace = (index: Index, axis: number, value: number): number[] => index.with(axis, value);
