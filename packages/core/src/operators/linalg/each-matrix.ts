/** Batches of matrices: what they are checked for, and algorithms on single matrices, run on each. */

import { type DType, formatShape, NdArray, newData, type Shape, ShapeError, sizeOf } from '@tapegrad/kernels';
import { checkFloat, Tensor } from '../../tensor.ts';

/** A function of matrices, for operations that are defined without static shapes. */
export type OfMatrix = (a: Tensor) => Tensor;

/** Matrices as they are; for callers without types. */
export function checkMatrices(call: string, a: unknown, more?: readonly unknown[]): Tensor {
  const { rank, shape } = checkFloat(call, a, more);
  if (rank < 2) throw new ShapeError(`${call}: expected two or more axes, got shape ${formatShape(shape)}`);
  return a as Tensor;
}

/** Square matrices as they are; for callers without types. */
export function checkSquare(call: string, a: unknown, more?: readonly unknown[]): Tensor {
  const { rank, shape } = checkFloat(call, a, more);
  if (rank < 2 || shape.at(-1) !== shape.at(-2)) {
    throw new ShapeError(`${call}: expected square matrices, got shape ${formatShape(shape)}`);
  }
  return a as Tensor;
}

export const transposed: OfMatrix = (x) => x.transpose();

/** Computes a matrix, or a part of one, from matrices in row-major order, which are not to be changed; `place` tells which. */
export type MatrixFunction = (matrices: readonly Float64Array[], place: number) => ArrayLike<number>;

/** The elements in float64. */
const wide = (x: Tensor): Float64Array => (x.data instanceof Float64Array ? x.data : Float64Array.from(x.data));

/**
 * Runs `f` on the matrices in the last two axes of tensors that have the same axes before them: in float64, rounded once to
 * the tensors' dtype. Each result has `shape`.
 */
export function eachMatrix(tensors: readonly Tensor[], shape: Shape, f: MatrixFunction): Tensor {
  const [first] = tensors as readonly [Tensor];
  const dtype: DType = first.dtype;
  const lead = first.shape.slice(0, -2);
  const elements = tensors.map(wide);
  const sizes = tensors.map((x) => sizeOf(x.shape.slice(-2)));
  const [count, size] = [sizeOf(lead), sizeOf(shape)];
  const data = newData(dtype, count * size);
  for (let place = 0; place < count; place++) {
    const matrices = elements.map((all, i) => all.subarray(place * sizes[i]!, (place + 1) * sizes[i]!));
    data.set(f(matrices, place), place * size);
  }
  return new Tensor(new NdArray(data, dtype, [...lead, ...shape]));
}

/** Which matrix is meant, for messages: nothing where there is one. */
export const placeOf = (x: Tensor, place: number): string => (x.rank > 2 ? ` ${place}` : '');
