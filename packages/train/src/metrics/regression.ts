/** Metrics of the distance between predictions and targets. */

import { ShapeError } from '@tapegrad/core';
import { checkOptions, formatShape, sameShape } from '@tapegrad/core/extend';
import type { Predicted } from '../outcome.ts';
import { checkPredicted } from './labels.ts';
import { defineMetric, type Metric } from './metric.ts';

function checkSameShape(call: string, result: Predicted): void {
  checkPredicted(call, result);
  const [p, t] = [result.predictions.shape, result.targets.shape];
  if (sameShape(p, t)) return;
  const shapes = `predictions of shape ${formatShape(p)} and targets of shape ${formatShape(t)}`;
  throw new ShapeError(`${call}: ${shapes} differ; reshape one of them: losses do not broadcast`);
}

/** Defines a metric computed from the mean of a function of each element's error, in float64. */
const errorMetric = (
  name: string,
  of: (error: number) => number,
  value: (mean: number) => number,
): Metric<Predicted, number> =>
  defineMetric({
    name,
    better: 'lower',
    empty: (): { sum: number; count: number } => ({ sum: 0, count: 0 }),
    add: (sums, result) => {
      checkSameShape(name, result);
      const { elements: p } = result.predictions;
      const { elements: t } = result.targets;
      let sum = 0;
      for (let i = 0; i < p.length; i++) sum += of(p[i]! - t[i]!);
      return { sum: sums.sum + sum, count: sums.count + p.length };
    },
    join: (a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
    value: ({ sum, count }) => value(sum / count),
  });

/**
 * Computes the mean absolute error over all elements, in float64; NaN without elements.
 *
 * @example
 * const metric = mae();
 * metric.update({ predictions: tensor([1, 2]), targets: tensor([1, 4]) });
 * metric.update({ predictions: tensor([0]), targets: tensor([-1]) });
 * metric.value(); // 1
 */
export function mae(options: object = {}): Metric<Predicted, number> {
  checkOptions('mae', options, []);
  return errorMetric('mae', Math.abs, (mean) => mean);
}

/**
 * Computes the root of the mean squared error over all elements, in float64; NaN without elements. It has the unit of
 * the targets. For several outputs, scikit-learn instead computes a root for each output, and returns the mean of the
 * roots.
 *
 * @example
 * const metric = rmse();
 * metric.update({ predictions: tensor([1, 2]), targets: tensor([1, 4]) });
 * metric.update({ predictions: tensor([0, 3]), targets: tensor([0, 3]) });
 * metric.value(); // 1
 */
export function rmse(options: object = {}): Metric<Predicted, number> {
  checkOptions('rmse', options, []);
  return errorMetric('rmse', (error) => error * error, Math.sqrt);
}

/**
 * For each output: the mean of the targets, the sum of their squared distances from this mean, and the sum of squared
 * errors.
 */
interface Spreads {
  readonly count: number;
  readonly means: Float64Array;
  readonly spreads: Float64Array;
  readonly errors: Float64Array;
  readonly [other: string]: number | Float64Array;
}

const emptySpreads = (outputs: number): Spreads => ({
  count: 0,
  means: new Float64Array(outputs),
  spreads: new Float64Array(outputs),
  errors: new Float64Array(outputs),
});

/** Combines the means and spreads of two sets of examples (Chan, Golub and LeVeque 1983). */
function joined(a: Spreads, b: Spreads): Spreads {
  if (b.count === 0) return a;
  if (a.count === 0) return b;
  if (a.means.length !== b.means.length) {
    throw new ShapeError(`r2: expected ${a.means.length} outputs for each example, as before, got ${b.means.length}`);
  }
  const count = a.count + b.count;
  const distance = (i: number): number => b.means[i]! - a.means[i]!;
  return {
    count,
    means: a.means.map((mean, i) => mean + (distance(i) * b.count) / count),
    spreads: a.spreads.map((spread, i) => spread + b.spreads[i]! + (distance(i) ** 2 * a.count * b.count) / count),
    errors: a.errors.map((error, i) => error + b.errors[i]!),
  };
}

function spreadsOf({ predictions, targets }: Predicted): Spreads {
  const [count = 1, ...rest] = targets.shape;
  const outputs = rest.reduce((product, length) => product * length, 1);
  const result = emptySpreads(outputs);
  const { elements: p } = predictions;
  const { elements: t } = targets;
  for (let i = 0; i < t.length; i++) result.means[i % outputs]! += t[i]! / count;
  for (let i = 0; i < t.length; i++) {
    result.spreads[i % outputs]! += (t[i]! - result.means[i % outputs]!) ** 2;
    result.errors[i % outputs]! += (t[i]! - p[i]!) ** 2;
  }
  return { ...result, count };
}

/**
 * Returns 1 - error / spread. If all targets are equal (`spread` is 0), returns 1 for predictions without error and 0
 * for others.
 */
function determined(error: number, spread: number): number {
  if (spread > 0 || Number.isNaN(error)) return 1 - error / spread;
  return error === 0 ? 1 : 0;
}

/**
 * Computes the coefficient of determination R² = 1 - sum (t - p)² / sum (t - mean)², in float64; NaN for fewer than two
 * examples. For targets [n, …] with several outputs, it is the mean over the outputs. An output whose targets are all equal
 * counts 1 if it is predicted exactly, and 0 otherwise.
 *
 * @example
 * const metric = r2();
 * metric.update({ predictions: tensor([2.5, 0]), targets: tensor([3, -0.5]) });
 * metric.update({ predictions: tensor([2, 8]), targets: tensor([2, 7]) });
 * metric.value(); // 0.948608
 */
export function r2(options: object = {}): Metric<Predicted, number> {
  checkOptions('r2', options, []);
  return defineMetric({
    name: 'r2',
    better: 'higher',
    empty: () => emptySpreads(0),
    add: (sums, result) => {
      checkSameShape('r2', result);
      return joined(sums, spreadsOf(result));
    },
    join: joined,
    value: ({ count, errors, spreads }) => {
      if (count < 2) return Number.NaN;
      return errors.reduce((sum, error, i) => sum + determined(error, spreads[i]!), 0) / errors.length;
    },
  });
}
