/** Means over examples, of the loss or of any other number. */

import { ArgumentError, Tensor } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { countOf, type Outcome } from '../outcome.ts';
import { defineMetric, type Metric, type MetricRules } from './metric.ts';

interface Sum {
  readonly sum: number;
  readonly count: number;
  readonly [other: string]: number;
}

/** The fields of an outcome from which its number of examples is read. */
type Counted = Omit<Outcome, 'loss'>;

const meanRules = <Result extends Counted>(
  name: string,
  read: (result: Result) => number,
): MetricRules<Result, number, Sum> => ({
  name,
  empty: () => ({ sum: 0, count: 0 }),
  add: ({ sum, count }, result) => {
    const own = countOf(`${name}.update`, result);
    // A batch without examples has no mean.
    return own === 0 ? { sum, count } : { sum: sum + own * read(result), count: count + own };
  },
  join: (a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
  value: ({ sum, count }) => sum / count,
});

/**
 * Computes the mean of a number over all examples; NaN without examples. Batches are weighted by their counts.
 *
 * @param read Returns the number of a batch, given its outcome. The number must be a mean over the examples of the
 * batch.
 * @example
 * const metric = meanOf((outcome: { error: number; count: number }) => outcome.error);
 * metric.update({ error: 1, count: 3 });
 * metric.update({ error: 5, count: 1 });
 * metric.value(); // 2
 */
export const meanOf = <Result extends Counted>(read: (result: Result) => number): Metric<Result, number> =>
  defineMetric(meanRules('meanOf', read));

/** Returns a function that reads the loss from an outcome. */
const lossOf =
  (name: string) =>
  ({ loss }: Outcome): number => {
    if (loss instanceof Tensor) return loss.item();
    throw new ArgumentError(`${name}.update: expected a loss, a tensor, got ${describeValue(loss)}`);
  };

/**
 * Computes the mean loss over all examples; NaN without examples. Batches are weighted by their counts.
 *
 * @example
 * const metric = meanLoss();
 * metric.update({ loss: tensor(1), count: 3 });
 * metric.update({ loss: tensor(5), count: 1 });
 * metric.value(); // 2
 */
export function meanLoss(options: object = {}): Metric<Outcome, number> {
  checkOptions('meanLoss', options, []);
  return defineMetric({ ...meanRules('meanLoss', lossOf('meanLoss')), better: 'lower' });
}

/**
 * Computes the perplexity, exp(mean loss), for a loss in nats such as `crossEntropy`. The count of an outcome should be its
 * number of predicted tokens, without padding.
 *
 * @example
 * const metric = perplexity();
 * metric.update({ loss: tensor(Math.log(3)), count: 10 });
 * metric.value(); // 3
 */
export function perplexity(options: object = {}): Metric<Outcome, number> {
  checkOptions('perplexity', options, []);
  const { value, ...rules } = meanRules('perplexity', lossOf('perplexity'));
  return defineMetric({ ...rules, better: 'lower', value: (sums) => Math.exp(value(sums)) });
}
