/** Losses between distributions. */

import type { Shape, Tensor } from '@tapegrad/core';
import { checkLossOptions, checkTargets, comparable, type Loss, type Reduction, reduce, type Targets } from './loss.ts';

/** As of other losses, or the sum divided by the length of the first axis, which is the divergence of a distribution. */
export type DivergenceReduction = Reduction | 'batchMean';

/** The options of `klDivergence`. */
export interface KlDivergenceOptions<R extends DivergenceReduction = DivergenceReduction> {
  /** Over all elements; `batchMean` for the mean over distributions along the last axis. Defaults to `mean`. */
  readonly reduction?: R;
  /** Whether the targets are logarithms of probabilities too. Defaults to false. */
  readonly logTarget?: boolean;
}

/**
 * The divergence t (log t - x) of each element of log-probabilities x from the probability t: summed over a distribution, the
 * one of Kullback and Leibler (1951), KL(t || e^x). Where t is 0, it is 0 with gradients 0, whatever x is, and also where t is
 * given as the logarithm -Infinity (PyTorch: NaN).
 *
 * @throws ArgumentError for a target below 0.
 * @example
 * const p = tensor([[0.5, 0.5]]);
 * const q = tensor([[0.25, 0.75]]);
 * klDivergence(q.log(), p, { reduction: 'batchMean' }).item(); // 0.143841
 */
export function klDivergence<P extends Shape, T extends Shape, const R extends DivergenceReduction = 'mean'>(
  logPredictions: Tensor<P>,
  targets: Targets<'klDivergence', P, T>,
  options: KlDivergenceOptions<R> = {},
): Loss<R extends 'none' ? 'none' : 'mean', P> {
  checkLossOptions('klDivergence', options, 'logTarget');
  const [x, t] = comparable('klDivergence', logPredictions, targets);
  const { logTarget = false, reduction } = options;
  if (!logTarget) checkTargets('klDivergence', t, (target) => target >= 0, 'a number >= 0');
  const losses = (logTarget ? fromLogarithms : fromProbabilities)(x, t);
  if (reduction === 'batchMean') return losses.sum().div(x.shape[0] ?? 1) as never;
  return reduce('klDivergence', losses, reduction as Reduction | undefined) as never;
}

/** e^t (t - x), and 0 where e^t is 0 and the difference infinite. */
function fromLogarithms(x: Tensor, t: Tensor): Tensor {
  const [probability, difference] = [t.exp(), t.sub(x)];
  const never = probability.equal(0).minimum(difference.sub(difference).notEqual(0));
  if (!never.elements.includes(1)) return probability.mul(difference);
  return never.where(0, fromLogarithms(never.where(0, x), never.where(0, t)));
}

/** t (log t - x) where t is not 0. Where it is, neither log t nor x, which may be infinite too, is looked at. */
function fromProbabilities(x: Tensor, t: Tensor): Tensor {
  const positive = t.greater(0);
  const difference = positive.where(t, 1).log().sub(x);
  return t.mul(positive.where(difference, 0));
}
