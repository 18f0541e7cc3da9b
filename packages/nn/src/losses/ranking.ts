/** Losses for embeddings, which pull some points together and push others apart. */

import { areWithin, formatShape, sameShape } from '@tapegrad/core/extend';
import { concat, full, norm, type Shape, ShapeError, stopGradient, type Tensor } from '@tapegrad/core/lean';
import { checkArgument, checkOption } from '../checks.ts';
import {
  checkLossOptions,
  checkSameDType,
  checkTargets,
  comparable,
  type Loss,
  type LossOptions,
  type Reduction,
  reduce,
  signs,
  type Targets,
} from './loss.ts';

/** The shape of a tensor with one number for each vector: `S` without the last axis, along which the vectors lie. */
type Vectors<S extends Shape> = S extends readonly [...infer Lead extends Shape, unknown] ? readonly [...Lead] : Shape;

/** The options of `cosineEmbedding`. */
export interface CosineEmbeddingOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** The cosine above which two points that should be far apart have a loss. Lies in [-1, 1]. Defaults to 0. */
  readonly margin?: number;
}

/** An extra element that is added to each vector when its length is computed. So the cosine with a zero vector is 0. */
const COSINE_EPSILON = 1e-6;

/** The factor by which vectors are scaled if their lengths overflow although their elements don't. */
const SHORTER = 2 ** -20;

const finiteLengths = { low: 0, high: Number.MAX_VALUE, nan: true };

/** Divides vectors along the last axis by their lengths, which include an extra element `eps`: sqrt(|v|^2 + eps^2). */
function directions(v: Tensor, eps = COSINE_EPSILON): Tensor {
  const longer = concat([v, full(v.shape.with(-1, 1), eps, { dtype: v.dtype })], -1);
  const lengths = norm(longer, -1, { keepDims: true }) as Tensor;
  const areTooLong = eps === COSINE_EPSILON && !areWithin(lengths.elements, finiteLengths);
  return areTooLong ? directions(v.mul(SHORTER), eps * SHORTER) : v.div(lengths);
}

/**
 * For vectors a and b along the last axis, computes 1 - cos(a, b) if the target is 1, and max(0, cos(a, b) - margin) if
 * it is -1. The derivative at the margin is 0 (PyTorch: 1). The loss is never negative.
 *
 * @param targets One target for each pair: the shape is that of a without the last axis.
 * @throws ArgumentError if a target is neither 1 nor -1.
 * @example
 * const [a, b] = [tensor([[1, 0], [1, 0]]), tensor([[0, 2], [3, 0]])];
 * cosineEmbedding(a, b, tensor([1, -1]), { reduction: 'none' }).toArray(); // [1, 1]
 */
export function cosineEmbedding<A extends Shape, B extends Shape, const R extends Reduction = 'mean'>(
  a: Tensor<A>,
  b: Targets<'cosineEmbedding', A, B>,
  targets: Tensor,
  options: CosineEmbeddingOptions<R> = {},
): Loss<R, Vectors<A>> {
  checkLossOptions('cosineEmbedding', options, 'margin');
  const [x, y] = comparable('cosineEmbedding', a, b);
  const { margin = 0, reduction } = options;
  checkOption('cosineEmbedding', 'margin', margin, margin >= -1 && margin <= 1, 'a number from -1 to 1');
  checkArgument('cosineEmbedding', 'the targets', targets);
  const wanted = x.shape.slice(0, -1);
  if (x.rank === 0 || !sameShape(targets.shape, wanted)) {
    const shapes = `vectors of shape ${formatShape(x.shape)} need targets of shape ${formatShape(wanted)}`;
    throw new ShapeError(`cosineEmbedding: ${shapes}, got ${formatShape(targets.shape)}`);
  }
  checkSameDType('cosineEmbedding', x, targets);
  checkTargets('cosineEmbedding', targets, signs);
  const rounded = directions(x).mul(directions(y)).sum(-1) as Tensor;
  // Rounding can push the cosine above 1. Clamping it must not change its derivative.
  const cosine = rounded.add(stopGradient(rounded.minimum(1).sub(rounded)));
  const losses = targets.greater(0).where(cosine.neg().add(1), cosine.sub(margin).relu());
  return reduce('cosineEmbedding', losses, reduction);
}

/** The options of `tripletMargin`. */
export interface TripletMarginOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** The margin by which the negative must be farther away than the positive. Defaults to 1. */
  readonly margin?: number;
  /** The order of the norm that measures distances. Defaults to 2. */
  readonly order?: number;
  /** The number added to the elements of differences. Defaults to 1e-6. */
  readonly eps?: number;
  /**
   * Whether to use the distance from the positive to the negative where it is smaller than that from the anchor
   * (Balntas et al. 2016). Defaults to false.
   */
  readonly swap?: boolean;
}

/**
 * Computes max(0, d(a, p) - d(a, n) + margin) for anchors a, positives p and negatives n, which are vectors along the
 * last axis (Schroff et al. 2015). The distance is d(x, y) = ||x - y + eps||. The derivative is 0 exactly at the margin
 * (PyTorch: 1).
 *
 * @example
 * const [anchor, positive, negative] = [tensor([[0, 0]]), tensor([[3, 4]]), tensor([[0, 5.5]])];
 * tripletMargin(anchor, positive, negative, { eps: 0 }).item(); // 0.5
 */
export function tripletMargin<A extends Shape, P extends Shape, N extends Shape, const R extends Reduction = 'mean'>(
  anchors: Tensor<A>,
  positives: Targets<'tripletMargin', A, P>,
  negatives: Targets<'tripletMargin', A, N>,
  options: TripletMarginOptions<R> = {},
): Loss<R, Vectors<A>> {
  checkLossOptions('tripletMargin', options, 'margin', 'order', 'eps', 'swap');
  const [a, p] = comparable('tripletMargin', anchors, positives);
  const [, n] = comparable('tripletMargin', anchors, negatives);
  if (a.rank === 0) throw new ShapeError('tripletMargin: expected vectors along the last axis, got shape []');
  const { margin = 1, order = 2, eps = 1e-6, swap = false, reduction } = options;
  checkOption('tripletMargin', 'margin', margin, margin > 0, 'a number above 0');
  const distance = (x: Tensor, y: Tensor): Tensor => norm(x.sub(y).add(eps), -1, { order }) as Tensor;
  const far = swap ? distance(a, n).minimum(distance(p, n)) : distance(a, n);
  return reduce('tripletMargin', distance(a, p).sub(far).add(margin).relu(), reduction);
}
