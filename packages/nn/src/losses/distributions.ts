/** Losses that compare probability distributions. */

import { isAnyTrue } from '@tapegrad/core/extend';
import type { Shape, Tensor } from '@tapegrad/core/lean';
import {
  checkLossOptions,
  checkTargets,
  comparable,
  type Loss,
  notNegative,
  type Reduction,
  reduce,
  type Targets,
} from './loss.ts';

/** How to reduce the losses: like `Reduction`, or `batchMean`, which is the sum divided by the length of the first axis. */
export type DivergenceReduction = Reduction | 'batchMean';

/** The options of `klDivergence`. */
export interface KlDivergenceOptions<R extends DivergenceReduction = DivergenceReduction> {
  /**
   * How to reduce the losses. `mean` and `sum` are over all elements. `batchMean` is the sum divided by the length of
   * the first axis, and so the mean over distributions [n, c]. Defaults to `mean`.
   */
  readonly reduction?: R;
  /** Whether the targets, too, are logarithms of probabilities. Defaults to false. */
  readonly logTarget?: boolean;
}

/**
 * Computes t (log t - x) for each element, from log-probabilities x and target probabilities t. Their sum over a
 * distribution is the Kullback-Leibler divergence KL(t || e^x) (Kullback and Leibler 1951). Where t is 0, the loss and
 * its gradients are 0 for any x, even if t is given as its logarithm, -Infinity (PyTorch: NaN).
 *
 * @throws ArgumentError if a target is below 0.
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
  if (!logTarget) checkTargets('klDivergence', t, notNegative);
  const losses = (logTarget ? fromLogarithms : fromProbabilities)(x, t);
  if (reduction === 'batchMean') return losses.sum().div(x.shape[0] ?? 1) as never;
  return reduce('klDivergence', losses, reduction as Reduction | undefined) as never;
}

/** Computes e^t (t - x), and returns 0 where e^t is 0 and the difference is infinite. */
function fromLogarithms(x: Tensor, t: Tensor): Tensor {
  const [probability, difference] = [t.exp(), t.sub(x)];
  const never = probability.equal(0).minimum(difference.sub(difference).notEqual(0));
  if (!isAnyTrue(never.elements)) return probability.mul(difference);
  return never.where(0, fromLogarithms(never.where(0, x), never.where(0, t)));
}

/** Computes t (log t - x). Where t is 0, log t and x are ignored, since they may be infinite. */
function fromProbabilities(x: Tensor, t: Tensor): Tensor {
  const positive = t.greater(0);
  const difference = positive.where(t, 1).log().sub(x);
  return t.mul(positive.where(difference, 0));
}
