/** Losses of decisions between two classes. */

import type { Shape, Tensor } from '@tapegrad/core';
import { checkOption } from '../checks.ts';
import {
  checkTargets,
  comparable,
  isProbability,
  type Loss,
  type LossOptions,
  type Reduction,
  reduce,
  type Targets,
} from './loss.ts';

/**
 * The hinge max(0, 1 - t p), for targets -1 and 1; with derivative 0 at the hinge.
 *
 * @throws ArgumentError for other targets.
 * @example
 * hinge(tensor([0.5, 2]), tensor([-1, 1]), { reduction: 'none' }).toArray(); // [1.5, 0]
 */
export function hinge<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  predictions: Tensor<P>,
  targets: Targets<'hinge', P, T>,
  options: LossOptions<R> = {},
): Loss<R, P> {
  const [p, t] = comparable('hinge', predictions, targets);
  checkTargets('hinge', t, (target) => target === 1 || target === -1, '-1 or 1');
  return reduce('hinge', p.mul(t.neg()).add(1).relu(), options.reduction);
}

export interface BinaryCrossEntropyOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** How much more the first class counts, where t is 1: a number, or a tensor that broadcasts to the logits' shape. */
  readonly posWeight?: number | Tensor;
}

/**
 * The binary cross-entropy -t log s(x) - (1 - t) log(1 - s(x)) of logits x, s the sigmoid, computed as
 * t softplus(-x) + (1 - t) softplus(x), which neither overflows nor cancels. Targets are probabilities, 0 and 1 included.
 * The first term is multiplied by `posWeight`.
 *
 * @throws ArgumentError for other targets.
 * @example
 * binaryCrossEntropy(tensor([0, 3]), tensor([1, 1]), { reduction: 'none' }).toArray(); // [0.693147, 0.048587]
 */
export function binaryCrossEntropy<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  logits: Tensor<P>,
  targets: Targets<'binaryCrossEntropy', P, T>,
  options: BinaryCrossEntropyOptions<R> = {},
): Loss<R, P> {
  const [x, t] = comparable('binaryCrossEntropy', logits, targets);
  checkTargets('binaryCrossEntropy', t, isProbability, 'a probability, from 0 to 1');
  const { posWeight, reduction } = options;
  return reduce('binaryCrossEntropy', crossEntropies(x, t, weightOf(x, posWeight)), reduction);
}

/** A weight that does not stretch what it weighs. */
function weightOf(x: Tensor, weight: number | Tensor | undefined): number | Tensor | undefined {
  if (typeof weight === 'object') weight.broadcastTo(x.shape);
  return weight;
}

function crossEntropies(x: Tensor, t: Tensor, posWeight?: number | Tensor): Tensor {
  const ofFirst = x.neg().softplus().mul(t);
  const ofSecond = x.softplus().mul(t.neg().add(1));
  return (posWeight === undefined ? ofFirst : ofFirst.mul(posWeight)).add(ofSecond);
}

export interface FocalOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** How strongly what is well predicted is discounted; 2 unless given. */
  readonly gamma?: number;
}

export interface SigmoidFocalOptions<R extends Reduction = Reduction> extends FocalOptions<R> {
  /** The weight of targets 1, that of targets 0 being 1 - alpha; 0.25 unless given, and none where it is negative. */
  readonly alpha?: number;
}

/** x^gamma for x >= 0, with slope 0 at 0. */
export function discount(x: Tensor, gamma: number): Tensor {
  const positive = x.greater(0);
  return positive.where(positive.where(x, 1).pow(gamma), 0 ** gamma);
}

/**
 * The focal loss a_t (1 - p_t)^gamma c, with c the binary cross-entropy of logits x, p_t = t p + (1 - t) (1 - p),
 * p = s(x), and a_t = t alpha + (1 - t) (1 - alpha): what is well predicted already counts little (Lin et al. 2017).
 *
 * @throws ArgumentError for targets that are no probabilities.
 * @example
 * sigmoidFocal(tensor([0, -2]), tensor([1, 1]), { reduction: 'none' }).toArray(); // [0.043322, 0.4125196]
 */
export function sigmoidFocal<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  logits: Tensor<P>,
  targets: Targets<'sigmoidFocal', P, T>,
  options: SigmoidFocalOptions<R> = {},
): Loss<R, P> {
  const [x, t] = comparable('sigmoidFocal', logits, targets);
  const { alpha = 0.25, gamma = 2, reduction } = options;
  checkTargets('sigmoidFocal', t, isProbability, 'a probability, from 0 to 1');
  checkOption('sigmoidFocal', 'gamma', gamma, gamma >= 0, 'a number >= 0');
  checkOption('sigmoidFocal', 'alpha', alpha, alpha <= 1, 'a number up to 1');
  const rest = t.neg().add(1);
  // 1 - p_t, without a difference.
  const missed = x.sigmoid().mul(rest).add(x.neg().sigmoid().mul(t));
  const losses = crossEntropies(x, t).mul(discount(missed, gamma));
  const weighted = alpha < 0 ? losses : losses.mul(t.mul(alpha).add(rest.mul(1 - alpha)));
  return reduce('sigmoidFocal', weighted, reduction);
}
