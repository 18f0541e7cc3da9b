/** Triangles and diagonals of matrices, and matrices built from vectors and other matrices. */

import { ArgumentError, formatShape, normalizeAxis, type Shape, ShapeError } from '@tapegrad/kernels';
import { describeNumbers } from '../checks/describe-value.ts';
import { checkTensor } from '../checks/operands.ts';
import { checkOptions } from '../checks/untyped-callers.ts';
import { sliceAxis } from '../composites.ts';
import { arange } from '../create.ts';
import { type Fitting, kernels as k, type Of, type Tensor } from '../tensor.ts';
import type { Outer } from '../types/static-shapes.ts';

/** Keeps the matrix elements for whose row and column `keep` returns true, and sets the others to zero. */
function masked<S extends Shape>(
  call: string,
  x: Tensor<S>,
  offset: number,
  more: readonly unknown[],
  keep: (columns: Tensor, edge: Tensor) => Tensor,
): Tensor<S> {
  if (checkTensor(call, x, more).rank < 2) {
    throw new ShapeError(`${call}: expected two or more axes, got shape ${formatShape(x.shape)}`);
  }
  if (!Number.isInteger(offset)) throw new ArgumentError(`${call}: expected an integer as offset, got ${offset}`);
  const [rows, columns] = x.shape.slice(-2).map((length) => arange(0, length, 1, { dtype: 'int32' }));
  const edge = rows!.add(offset).reshape([rows!.size, 1]);
  return keep(columns!, edge).where(x as Tensor, 0) as Tensor<S>;
}

/**
 * Keeps the lower triangle of the last two axes and sets the rest to zero. The triangle includes the diagonal that is
 * `offset` above the main one.
 *
 * @example
 * tril(ones([2, 3])).toArray(); // [[1, 0, 0], [1, 1, 0]]
 */
export const tril = <S extends Shape>(x: Tensor<S>, offset = 0, ...more: []): Tensor<S> =>
  masked('tril', x, offset, more, (columns, edge) => columns.lessEqual(edge));

/**
 * Keeps the upper triangle of the last two axes and sets the rest to zero. The triangle begins at the diagonal that is
 * `offset` above the main one.
 *
 * @example
 * triu(ones([2, 3]), 1).toArray(); // [[0, 1, 1], [0, 0, 1]]
 */
export const triu = <S extends Shape>(x: Tensor<S>, offset = 0, ...more: []): Tensor<S> =>
  masked('triu', x, offset, more, (columns, edge) => columns.greaterEqual(edge));

/** The options of `diagonal`. */
export interface DiagonalOptions {
  /** The distance of the diagonal above the main one; negative values are below it. Defaults to 0. */
  readonly offset?: number;
  /** The axes that hold the rows and the columns. Defaults to the first two. */
  readonly axes?: readonly [rows: number, columns: number];
}

/**
 * Returns a diagonal over two axes. The two axes are removed, and the diagonal becomes a new last axis. A diagonal
 * entirely outside the matrix is empty.
 *
 * @example
 * diagonal(tensor([[1, 2, 3], [4, 5, 6]])).toArray(); // [1, 5]
 * diagonal(tensor([[1, 2, 3], [4, 5, 6]]), { offset: 1 }).toArray(); // [2, 6]
 */
export const diagonal = (x: Tensor, options: DiagonalOptions = {}, ...more: []): Tensor =>
  diagonalOf('diagonal', checkTensor('diagonal', x, more), options);

function diagonalOf(call: string, x: Tensor, options: DiagonalOptions): Tensor {
  checkOptions(call, options, ['offset', 'axes']);
  const { offset = 0, axes = [0, 1] } = options;
  const { rank, shape } = x;
  if (!Array.isArray(axes) || axes.length !== 2) {
    throw new ArgumentError(`${call}: expected two axes, got ${describeNumbers(axes)}`);
  }
  const [row, column] = axes.map((axis) => normalizeAxis(call, axis, rank)) as [number, number];
  if (row === column) throw new ArgumentError(`${call}: axis ${row} occurs twice in ${formatShape(axes)}`);
  if (!Number.isInteger(offset)) throw new ArgumentError(`${call}: expected an integer offset, got ${offset}`);
  const others = shape.map((_, i) => i).filter((i) => i !== row && i !== column);
  const [height, width] = [shape[row]!, shape[column]!];
  const length = Math.max(0, Math.min(height + Math.min(offset, 0), width - Math.max(offset, 0)));
  const start = offset < 0 ? -offset * width : offset;
  const flat = x.permute([...others, row, column]).reshape([...others.map((i) => shape[i]!), height * width]);
  return sliceAxis<Tensor>(k, flat, others.length, length === 0 ? 0 : start, length, width + 1);
}

/**
 * Computes the sum of a diagonal.
 *
 * @example
 * trace(tensor([[1, 2], [3, 4]])).item(); // 5
 */
export const trace = (x: Tensor, options: DiagonalOptions = {}, ...more: []): Tensor =>
  diagonalOf('trace', checkTensor('trace', x, more), options).sum(-1) as Tensor;

/**
 * Computes the outer product of two vectors: x_i y_j.
 *
 * @example
 * outer(tensor([1, 2]), tensor([3, 4, 5])).toArray(); // [[3, 4, 5], [6, 8, 10]]
 */
export function outer<A extends Shape, B extends Shape>(
  x: Tensor<A>,
  y: Fitting<Outer<A, B>, B>,
  ...more: []
): Of<Outer<A, B>> {
  const [a, b] = [checkTensor('outer', x, more), checkTensor('outer', y)];
  if (a.rank !== 1 || b.rank !== 1) {
    throw new ShapeError(`outer: expected two vectors, got shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`);
  }
  return k.mul(a.reshape([a.size, 1]), b) as never;
}

/**
 * Computes the Kronecker product: each element of x is replaced by that element times y. If the tensors differ in rank,
 * axes of length 1 are added at the front of the one with lower rank.
 *
 * @example
 * kron(tensor([[1, 2]]), tensor([[1], [10]])).toArray(); // [[1, 2], [10, 20]]
 */
export function kron(x: Tensor, y: Tensor, ...more: []): Tensor {
  const rank = Math.max(checkTensor('kron', x, more).rank, checkTensor('kron', y).rank);
  const filledUp = (shape: Shape) => [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const [outerShape, innerShape] = [filledUp(x.shape), filledUp(y.shape)];
  const blocks = x.reshape(outerShape.flatMap((length) => [length, 1]));
  const entries = y.reshape(innerShape.flatMap((length) => [1, length]));
  return k.mul(blocks, entries).reshape(outerShape.map((length, i) => length * innerShape[i]!));
}
