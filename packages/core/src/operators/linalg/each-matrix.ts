/** Checks batches of matrices, and runs an algorithm for a single matrix on each of them. */

import { type DType, formatShape, NdArray, newData, type Shape, ShapeError, sizeOf } from '@tapegrad/kernels';
import { checkFloat } from '../../checks/operands.ts';
import { Tensor } from '../../tensor.ts';

/** A function of matrices, for operations defined without static shapes. */
export type OfMatrix = (a: Tensor) => Tensor;

/** Returns `a` after checking that it is a batch of matrices, for untyped callers. */
export function checkMatrices(call: string, a: unknown, more?: readonly unknown[]): Tensor {
  const { rank, shape } = checkFloat(call, a, more);
  if (rank < 2) throw new ShapeError(`${call}: expected two or more axes, got shape ${formatShape(shape)}`);
  return a as Tensor;
}

/** Returns `a` after checking that its matrices are square, for untyped callers. */
export function checkSquare(call: string, a: unknown, more?: readonly unknown[]): Tensor {
  const { rank, shape } = checkFloat(call, a, more);
  if (rank < 2 || shape.at(-1) !== shape.at(-2)) {
    throw new ShapeError(`${call}: expected square matrices, got shape ${formatShape(shape)}`);
  }
  return a as Tensor;
}

export const transposed: OfMatrix = (x) => x.transpose();

/**
 * Computes a matrix, or part of one, from row-major matrices, which the function must not change. `place` is their
 * index in the batch.
 */
export type MatrixFunction = (matrices: readonly Float64Array[], place: number) => ArrayLike<number>;

/** Returns the elements as float64, without copying if they already are. */
const wide = (x: Tensor): Float64Array => (x.data instanceof Float64Array ? x.data : Float64Array.from(x.data));

/**
 * Runs `f` on each matrix in the last two axes of tensors whose leading axes agree. Computes in float64 and rounds once to
 * the tensors' dtype. Each result has shape `shape`.
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

/** Returns the index of a matrix in its batch, as text for error messages; empty if there is only one matrix. */
export const placeOf = (x: Tensor, place: number): string => (x.rank > 2 ? ` ${place}` : '');
