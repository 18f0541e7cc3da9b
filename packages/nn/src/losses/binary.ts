/** Losses for binary classification. */

import type { Shape, Tensor } from '@tapegrad/core/lean';
import { pow, softplus } from '@tapegrad/core/lean';
import { checkOption } from '../checks.ts';
import {
  checkLossOptions,
  checkTargets,
  comparable,
  flatAtInfinity,
  type Loss,
  type LossOptions,
  probabilities,
  type Reduction,
  reduce,
  signs,
  type Targets,
  weighted,
} from './loss.ts';

/**
 * Computes the hinge loss max(0, 1 - t p) for targets t of -1 and 1. The derivative at the kink is 0.
 *
 * @throws ArgumentError if a target is neither -1 nor 1.
 * @example
 * hinge(tensor([0.5, 2]), tensor([-1, 1]), { reduction: 'none' }).toArray(); // [1.5, 0]
 */
export function hinge<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  predictions: Tensor<P>,
  targets: Targets<'hinge', P, T>,
  options: LossOptions<R> = {},
): Loss<R, P> {
  checkLossOptions('hinge', options);
  const [p, t] = comparable('hinge', predictions, targets);
  checkTargets('hinge', t, signs);
  return reduce('hinge', p.mul(t.neg()).add(1).relu(), options.reduction);
}

/** The options of `binaryCrossEntropy`. */
export interface BinaryCrossEntropyOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** A factor for the loss of positive targets (t = 1): a number, or a tensor that broadcasts to the logits' shape. */
  readonly posWeight?: number | Tensor;
}

/**
 * Computes the binary cross-entropy -t log s(x) - (1 - t) log(1 - s(x)) of logits x, with s the sigmoid. The
 * computation uses t softplus(-x) + (1 - t) softplus(x), which neither overflows nor cancels. Targets t are
 * probabilities, including 0 and 1. `posWeight` multiplies the first term. A term whose factor is 0 is 0, even at a
 * logit of ±Infinity (PyTorch: NaN).
 *
 * @throws ArgumentError if a target is not a probability.
 * @example
 * binaryCrossEntropy(tensor([0, 3]), tensor([1, 1]), { reduction: 'none' }).toArray(); // [0.693147, 0.048587]
 */
export function binaryCrossEntropy<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  logits: Tensor<P>,
  targets: Targets<'binaryCrossEntropy', P, T>,
  options: BinaryCrossEntropyOptions<R> = {},
): Loss<R, P> {
  checkLossOptions('binaryCrossEntropy', options, 'posWeight');
  const [x, t] = comparable('binaryCrossEntropy', logits, targets);
  checkTargets('binaryCrossEntropy', t, probabilities);
  const { posWeight, reduction } = options;
  // Throws if the weight would broadcast the logits to a larger shape.
  if (typeof posWeight === 'object') posWeight.broadcastTo(x.shape);
  return reduce('binaryCrossEntropy', crossEntropies(x, t, posWeight), reduction);
}

function crossEntropies(x: Tensor, t: Tensor, posWeight?: number | Tensor): Tensor {
  const ofFirst = weighted(softplus(x.neg()), posWeight === undefined ? t : t.mul(posWeight), Number.POSITIVE_INFINITY);
  return ofFirst.add(weighted(softplus(x), t.neg().add(1), Number.POSITIVE_INFINITY));
}

/** The options of the focal loss. */
export interface FocalOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** The exponent by which elements that are predicted well are discounted. Defaults to 2. */
  readonly gamma?: number;
}

/** The options of the sigmoid focal loss. */
export interface SigmoidFocalOptions<R extends Reduction = Reduction> extends FocalOptions<R> {
  /**
   * The weight of targets that are 1; targets that are 0 have weight 1 - alpha. A negative alpha turns weighting off.
   * Defaults to 0.25.
   */
  readonly alpha?: number;
}

/** Returns x^gamma for x >= 0, with derivative 0 at 0. */
export function discount(x: Tensor, gamma: number): Tensor {
  const positive = x.greater(0);
  return positive.where(pow(positive.where(x, 1), gamma), 0 ** gamma);
}

/**
 * Computes the focal loss a_t (1 - p_t)^gamma c, in which elements that are predicted well count little (Lin et al.
 * 2017). Here c is the binary cross-entropy of logits x, p_t = t p + (1 - t) (1 - p), p = s(x), and a_t = t alpha + (1
 * - t) (1 - alpha). As in `binaryCrossEntropy`, a term whose factor is 0 is 0 at every logit.
 *
 * @throws ArgumentError if a target is not a probability.
 * @example
 * sigmoidFocal(tensor([0, -2]), tensor([1, 1]), { reduction: 'none' }).toArray(); // [0.043322, 0.4125196]
 */
export function sigmoidFocal<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  logits: Tensor<P>,
  targets: Targets<'sigmoidFocal', P, T>,
  options: SigmoidFocalOptions<R> = {},
): Loss<R, P> {
  checkLossOptions('sigmoidFocal', options, 'alpha', 'gamma');
  const [x, t] = comparable('sigmoidFocal', logits, targets);
  const { alpha = 0.25, gamma = 2, reduction } = options;
  checkTargets('sigmoidFocal', t, probabilities);
  checkOption('sigmoidFocal', 'gamma', gamma, gamma >= 0, 'a number >= 0');
  checkOption('sigmoidFocal', 'alpha', alpha, alpha <= 1, 'a number up to 1');
  const rest = t.neg().add(1);
  // Computes 1 - p_t without a subtraction.
  const flat = flatAtInfinity(x);
  const missed = flat.sigmoid().mul(rest).add(flat.neg().sigmoid().mul(t));
  const losses = crossEntropies(x, t).mul(discount(missed, gamma));
  if (alpha < 0) return reduce('sigmoidFocal', losses, reduction);
  const shares = t.mul(alpha).add(rest.mul(1 - alpha));
  return reduce('sigmoidFocal', weighted(losses, shares, Number.POSITIVE_INFINITY), reduction);
}
