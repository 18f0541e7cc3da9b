/** Distances between vectors, and cosine similarity. */

import { ArgumentError, broadcastShapes, formatShape, normalizeAxis, type Shape, ShapeError } from '@tapegrad/kernels';
import { checkFloat } from '../checks/operands.ts';
import { checkOptions } from '../checks/untyped-callers.ts';
import type { Tensor } from '../tensor.ts';
import type { Broadcast } from '../types/static-shapes.ts';
import { unsqueeze } from './arrangement.ts';
import { clamp } from './elementary.ts';
import { max, norm } from './reductions.ts';

/** The options of `cosineSimilarity`. */
export interface CosineSimilarityOptions {
  /** Lower bound on a vector's length, to avoid division by 0. Defaults to 1e-8. */
  readonly eps?: number;
}

/** Divides the vectors along an axis by their lengths; zero vectors are left unchanged. */
function directions(x: Tensor, axis: number, eps: number): Tensor {
  const lengths = norm(x, axis, { keepDims: true }).maximum(eps) as Tensor;
  const { elements } = lengths;
  // The length can overflow even if all elements are finite.
  if (elements.includes(Number.POSITIVE_INFINITY)) {
    const largest = max(x.detach().abs(), axis, { keepDims: true }) as Tensor;
    const isLong = lengths.equal(Infinity).minimum(largest.less(Infinity));
    const scales = isLong.where(largest, 1);
    if (isLong.elements.includes(1)) return directions(x.div(scales), axis, eps);
  }
  const isZero = elements.includes(0) ? lengths.equal(0) : undefined;
  return x.div(isZero?.where(1, lengths) ?? lengths);
}

/**
 * Computes the cosine of the angle between vectors: x . y / (max(|x|, eps) max(|y|, eps)). The axis defaults to the last.
 * The result lies in [-1, 1] (PyTorch: up to 1 + 1e-7), and is 0 for a zero vector, whatever eps is.
 *
 * @throws ArgumentError if eps is negative or NaN.
 * @example
 * cosineSimilarity(tensor([[1, 0], [1, 1]]), tensor([0, 2])).toArray(); // [0, 0.7071068]
 */
export function cosineSimilarity(
  x: Tensor,
  y: Tensor,
  axis = -1,
  options: CosineSimilarityOptions = {},
  ...more: []
): Tensor {
  checkOptions('cosineSimilarity', options, ['eps']);
  const { eps = 1e-8 } = options;
  const [left, right] = [checkFloat('cosineSimilarity', x, more), checkFloat('cosineSimilarity', y)];
  const shape = broadcastShapes('cosineSimilarity', left.shape, right.shape);
  const i = normalizeAxis('cosineSimilarity', axis, shape.length);
  if (!(eps >= 0)) throw new ArgumentError(`cosineSimilarity: eps is ${eps}, expected a number >= 0`);
  const [a, b] = [left, right].map((vectors) => directions(vectors.broadcastTo(shape), i, eps));
  const cosines = a!.mul(b!).sum(i) as Tensor;
  // Only rounding can take a cosine beyond 1. The derivatives remain those of the values before clamping.
  const values = cosines.detach();
  const isBeyond = values.elements.some((cosine) => Math.abs(cosine) > 1);
  return isBeyond ? cosines.add(clamp(values, -1, 1).sub(values)) : cosines;
}

/** The options of `cdist`. */
export interface CdistOptions {
  /** The order p of the norm; Infinity for the largest difference. Defaults to 2. */
  readonly order?: number;
}

/** The shape [..., m, n] of distances between vectors [..., m, d] and [..., n, d]. */
type Pairwise<A extends Shape, B extends Shape> = A extends readonly [
  ...infer BatchA extends Shape,
  infer M extends number,
  unknown,
]
  ? B extends readonly [...infer BatchB extends Shape, infer N extends number, unknown]
    ? Broadcast<'cdist', BatchA, BatchB> extends infer Batch extends Shape
      ? readonly [...Batch, M, N]
      : Shape
    : Shape
  : Shape;

/**
 * Computes the distance (sum |x_i - y_j|^p)^(1/p) of every row of x [..., m, d] from every row of y [..., n, d]: [..., m,
 * n]. The leading axes broadcast. Differences are formed first, so that points close together keep their precision. Where
 * points coincide, the derivatives are 0. Intermediate squares neither overflow nor underflow.
 *
 * @example
 * cdist(tensor([[0, 0], [3, 4]]), tensor([[0, 0]])).toArray(); // [[0], [5]]
 */
export function cdist<A extends Shape, B extends Shape>(
  x: Tensor<A>,
  y: Tensor<B>,
  options: CdistOptions = {},
  ...more: []
): Tensor<Pairwise<A, B>> {
  checkOptions('cdist', options, ['order']);
  const { order = 2 } = options;
  const [left, right] = [checkFloat('cdist', x, more), checkFloat('cdist', y)];
  const [a, b] = [left.shape, right.shape];
  if (a.length < 2 || b.length < 2 || a.at(-1) !== b.at(-1)) {
    throw new ShapeError(`cdist: expected [..., m, d] and [..., n, d], got ${formatShape(a)} and ${formatShape(b)}`);
  }
  if (!(order > 0)) throw new ArgumentError(`cdist: the order is ${order}, expected a number above 0`);
  const differences = unsqueeze(left, -2).sub(unsqueeze(right, -3));
  return norm(differences, -1, { order }) as Tensor as never;
}
