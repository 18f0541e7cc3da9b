/** How far apart vectors are, and how alike they point. */

import { ArgumentError, broadcastShapes, formatShape, normalizeAxis, type Shape, ShapeError } from '@tapegrad/kernels';
import { checkFloat, type Tensor } from '../tensor.ts';
import type { Broadcast } from '../types/static-shapes.ts';
import { unsqueeze } from './arrangement.ts';

export interface CosineSimilarityOptions {
  /** The least length that a vector is taken to have, 1e-8 unless given. */
  readonly eps?: number;
}

/**
 * The cosine of the angle between the vectors along an axis, the last unless given: x . y / (max(|x|, eps) max(|y|,
 * eps)). Of a vector of zeros it is 0.
 *
 * @example
 * cosineSimilarity(tensor([[1, 0], [1, 1]]), tensor([0, 2])).toArray(); // [0, 0.7071068]
 */
export function cosineSimilarity(
  x: Tensor,
  y: Tensor,
  axis = -1,
  { eps = 1e-8 }: CosineSimilarityOptions = {},
): Tensor {
  const [left, right] = [checkFloat('cosineSimilarity', x), checkFloat('cosineSimilarity', y)];
  const shape = broadcastShapes('cosineSimilarity', left.shape, right.shape);
  const i = normalizeAxis('cosineSimilarity', axis, shape.length);
  const [a, b] = [left.broadcastTo(shape), right.broadcastTo(shape)];
  const length = (vectors: Tensor): Tensor => vectors.norm(i).maximum(eps);
  return a
    .mul(b)
    .sum(i)
    .div(length(a).mul(length(b)));
}

export interface CdistOptions {
  /** The order p of the norm, 2 unless given; Infinity for the largest difference. */
  readonly order?: number;
}

/** [..., m, n], of vectors [..., m, d] and [..., n, d]. */
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
 * The distance (sum |x_i - y_j|^p)^(1/p) of every row of one matrix from every row of another: from [..., m, d] and
 * [..., n, d], [..., m, n]; the leading axes broadcast. The differences are formed first, so that points that nearly
 * coincide keep their digits; where they do coincide, the derivatives are 0. No square overflows or vanishes on the way.
 *
 * @example
 * cdist(tensor([[0, 0], [3, 4]]), tensor([[0, 0]])).toArray(); // [[0], [5]]
 */
export function cdist<A extends Shape, B extends Shape>(
  x: Tensor<A>,
  y: Tensor<B>,
  { order = 2 }: CdistOptions = {},
): Tensor<Pairwise<A, B>> {
  const [left, right] = [checkFloat('cdist', x), checkFloat('cdist', y)];
  const [a, b] = [left.shape, right.shape];
  if (a.length < 2 || b.length < 2 || a.at(-1) !== b.at(-1)) {
    throw new ShapeError(`cdist: expected [..., m, d] and [..., n, d], got ${formatShape(a)} and ${formatShape(b)}`);
  }
  if (!(order > 0)) throw new ArgumentError(`cdist: the order is ${order}, expected a number above 0`);
  const differences = unsqueeze(left, -2).sub(unsqueeze(right, -3));
  return differences.norm(-1, { order }) as Tensor as never;
}
