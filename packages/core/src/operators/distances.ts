/** Distances between vectors, and cosine similarity. */

import {
  ArgumentError,
  broadcastShapes,
  type Data,
  formatShape,
  NdArray,
  newData,
  normalizeAxis,
  type Shape,
  ShapeError,
  sizeOf,
} from '@tapegrad/kernels';
import { checkFloat } from '../checks/operands.ts';
import { checkOptions } from '../checks/untyped-callers.ts';
import { isIntercepted } from '../tape/interception.ts';
import { Tensor } from '../tensor.ts';
import { areWithin, isAnyTrue } from '../tracing.ts';
import type { Broadcast } from '../types/static-shapes.ts';
import { unsqueeze } from './arrangement.ts';
import { clamp } from './elementary.ts';
import { max, norm } from './reductions.ts';

/** The options of `cosineSimilarity`. */
export interface CosineSimilarityOptions {
  /** The smallest divisor used for a vector's length, which avoids division by 0. Defaults to 1e-8. */
  readonly eps?: number;
}

/** Divides the vectors along an axis by their lengths; zero vectors are left unchanged. */
function directions(x: Tensor, axis: number, eps: number): Tensor {
  const lengths = norm(x, axis, { keepDims: true }).maximum(eps) as Tensor;
  const { elements } = lengths;
  // The length can overflow even if all elements are finite.
  if (!areWithin(elements, { low: 0, high: Number.MAX_VALUE, nan: true })) {
    const largest = max(x.detach().abs(), axis, { keepDims: true }) as Tensor;
    const isLong = lengths.equal(Infinity).minimum(largest.less(Infinity));
    const scales = isLong.where(largest, 1);
    if (isAnyTrue(isLong.elements)) return directions(x.div(scales), axis, eps);
  }
  const isZero = areWithin(elements, { low: Number.MIN_VALUE, high: Infinity, nan: true })
    ? undefined
    : lengths.equal(0);
  return x.div(isZero?.where(1, lengths) ?? lengths);
}

/**
 * Computes the cosine of the angle between vectors: x . y / (max(|x|, eps) max(|y|, eps)). The axis defaults to the
 * last. The result lies in [-1, 1] (PyTorch: up to 1 + 1e-7). If a vector is zero, the result is 0, whatever eps is.
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
  // Only rounding errors can take a cosine beyond 1. The derivatives are still taken at the values before clamping.
  const values = cosines.detach();
  const isBeyond = !areWithin(values.elements, { low: -1, high: 1, nan: true });
  return isBeyond ? cosines.add(clamp(values, -1, 1).sub(values)) : cosines;
}

/** The range of sums of squares whose square root is reliable. Beyond it, squares may have overflowed or underflowed. */
const SAFE_SQUARES = [1e-280, 1e300] as const;

/**
 * Computes the Euclidean distance of two vectors that begin at x[i] and y[j]. Differences are divided by the largest
 * one, to avoid overflow and underflow.
 */
function scaledDistance(x: Data, i: number, y: Data, j: number, d: number): number {
  let largest = 0;
  for (let at = 0; at < d; at++) {
    const size = Math.abs(x[i + at]! - y[j + at]!);
    if (Number.isNaN(size)) return size;
    if (size > largest) largest = size;
  }
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let at = 0; at < d; at++) sum += ((x[i + at]! - y[j + at]!) / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/** Transposes n rows of d elements into d columns of n, as float64. */
function columnsOf(y: Data, from: number, n: number, d: number): Float64Array {
  const columns = new Float64Array(n * d);
  for (let row = 0; row < n; row++) for (let at = 0; at < d; at++) columns[at * n + row] = y[from + row * d + at]!;
  return columns;
}

/** Adds to each sum the squared difference between x and the corresponding number of a column. */
function addSquares(sums: Float64Array, x: number, columns: Float64Array, from: number): void {
  for (let row = 0; row < sums.length; row++) {
    const difference = x - columns[from + row]!;
    sums[row]! += difference * difference;
  }
}

/** Computes distances as norms of an array of all differences, so that derivatives follow from the operations used. */
const normsOfDifferences = (x: Tensor, y: Tensor, order: number): Tensor =>
  norm(unsqueeze(x, -2).sub(unsqueeze(y, -3)) as Tensor, -1, { order }) as Tensor;

/** Returns whether a tensor's elements can be read and no derivative with respect to the tensor is needed. */
const isConstant = ({ array, requiresGrad }: Tensor): boolean => !requiresGrad && array instanceof NdArray;

/**
 * Computes Euclidean distances between constant vectors whose leading axes are equal. No array of their differences is
 * created, and sums are float64.
 */
function euclideanDistances(x: Tensor, y: Tensor): Tensor {
  const { dtype, shape } = x;
  const [m, n, d] = [shape.at(-2)!, y.shape.at(-2)!, shape.at(-1)!];
  const lead = shape.slice(0, -2);
  const [xs, ys] = [x.data, y.data];
  const [out, sums] = [newData(dtype, sizeOf(lead) * m * n), new Float64Array(n)];
  const [least, most] = SAFE_SQUARES;
  for (let batch = 0; batch < sizeOf(lead); batch++) {
    const from = batch * n * d;
    const columns = columnsOf(ys, from, n, d);
    for (let i = batch * m; i < (batch + 1) * m; i++) {
      sums.fill(0);
      for (let at = 0; at < d; at++) addSquares(sums, xs[i * d + at]!, columns, at * n);
      for (let j = 0; j < n; j++) {
        const sum = sums[j]!;
        const isSafe = sum > least && sum < most;
        out[i * n + j] = isSafe ? Math.sqrt(sum) : scaledDistance(xs, i * d, ys, from + j * d, d);
      }
    }
  }
  return new Tensor(new NdArray(out, dtype, [...lead, m, n]));
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
 * Computes the distance (sum |x_i - y_j|^p)^(1/p) between every row x_i of x [..., m, d] and every row y_j of y [...,
 * n, d]. The result has shape [..., m, n]; the leading axes broadcast. Distances are computed from differences, so
 * distances of close points keep their precision. Where points coincide, the derivatives are 0. Intermediate squares
 * neither overflow nor underflow.
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
  const needsDifferences = order !== 2 || left.dtype !== right.dtype || isIntercepted();
  if (needsDifferences || !isConstant(left) || !isConstant(right)) {
    return normsOfDifferences(left, right, order) as never;
  }
  const lead = broadcastShapes('cdist', a.slice(0, -2), b.slice(0, -2));
  const along = (vectors: Tensor): Tensor => vectors.broadcastTo([...lead, ...vectors.shape.slice(-2)]) as Tensor;
  return euclideanDistances(along(left), along(right)) as never;
}
