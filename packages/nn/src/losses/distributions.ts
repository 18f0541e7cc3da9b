/** Losses between distributions. */

import type { Shape, Tensor } from '@tapegrad/core';
import { checkTargets, comparable, type Loss, type Reduction, reduce, type Targets } from './loss.ts';

/** As of other losses, or the sum divided by the length of the first axis, which is the divergence of a distribution. */
export type DivergenceReduction = Reduction | 'batchMean';

export interface KlDivergenceOptions<R extends DivergenceReduction = DivergenceReduction> {
  /** `mean` unless given, over all elements; `batchMean` for the mean over distributions along the last axis. */
  readonly reduction?: R;
  /** Whether the targets are logarithms of probabilities too; false unless given. */
  readonly logTarget?: boolean;
}

/**
 * The divergence t (log t - x) of each element of log-probabilities x from the probability t, 0 where t is 0: summed over a
 * distribution, the one of Kullback and Leibler (1951), KL(t || e^x).
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
  const [x, t] = comparable('klDivergence', logPredictions, targets);
  const { logTarget = false, reduction } = options;
  if (!logTarget) checkTargets('klDivergence', t, (target) => target >= 0, 'a number >= 0');
  const losses = logTarget ? t.exp().mul(t.sub(x)) : fromProbabilities(x, t);
  if (reduction === 'batchMean') return losses.sum().div(x.shape[0] ?? 1) as never;
  return reduce('klDivergence', losses, reduction as Reduction | undefined) as never;
}

/** t (log t - x) where t is not 0. Where it is, neither log t nor x, which may be infinite too, is looked at. */
function fromProbabilities(x: Tensor, t: Tensor): Tensor {
  const positive = t.greater(0);
  const difference = positive.where(t, 1).log().sub(x);
  return t.mul(positive.where(difference, 0));
}
