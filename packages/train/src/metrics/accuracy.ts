/** Metrics that count correctly classified examples. */

import { ArgumentError, ShapeError } from '@tapegrad/core';
import { checkOptions, describeValue, formatShape } from '@tapegrad/core/extend';
import type { Predicted } from '../outcome.ts';
import {
  checkPredicted,
  forEachLabel,
  haveClasses,
  type LabelOptions,
  labelOptions,
  labelsIn,
  scoreRows,
} from './labels.ts';
import { defineMetric, type Metric } from './metric.ts';

interface Hits {
  readonly right: number;
  readonly count: number;
}

const shareMetric = (name: string, hitsOf: (result: Predicted) => Hits): Metric<Predicted, number> =>
  defineMetric({
    name,
    better: 'higher',
    empty: (): { right: number; count: number } => ({ right: 0, count: 0 }),
    add: (sums, result) => {
      const { right, count } = hitsOf(result);
      return { right: sums.right + right, count: sums.count + count };
    },
    join: (a, b) => ({ right: a.right + b.right, count: a.count + b.count }),
    value: ({ right, count }) => right / count,
  });

/**
 * Computes the share of examples that are classified correctly; NaN without examples.
 *
 * Predictions [n, c, …] are the scores of c classes for int32 targets [n, …]: the class of the largest score is
 * compared. Predictions that have the same shape as the targets are scores of class 1, which are compared with a
 * threshold; if they are int32 or bool, they are the classes themselves.
 *
 * @example
 * const metric = accuracy();
 * const targets = tensor([0, 1, 1], { dtype: 'int32' });
 * metric.update({ predictions: tensor([[2, 1], [0, 3], [5, 4]]), targets });
 * metric.value(); // 0.666667
 */
export function accuracy(options: LabelOptions = {}): Metric<Predicted, number> {
  checkOptions('accuracy', options, labelOptions);
  return shareMetric('accuracy', (result) => {
    let right = 0;
    let count = 0;
    forEachLabel('accuracy', result, options, (predicted, target) => {
      if (predicted === target) right++;
      count++;
    });
    return { right, count };
  });
}

/**
 * Computes the share of examples whose class has one of the k largest scores; NaN without examples. Of equal scores,
 * the one of the earlier class counts as larger, so that `topK(1)` equals `accuracy`.
 *
 * @throws ArgumentError if k is not a positive integer; `update` throws a ShapeError for predictions with fewer than k
 *   classes.
 * @example
 * const metric = topK(2);
 * metric.update({ predictions: tensor([[3, 2, 1], [3, 2, 1]]), targets: tensor([1, 2], { dtype: 'int32' }) });
 * metric.value(); // 0.5
 */
export function topK(k: number, options: Pick<LabelOptions, 'ignoreIndex'> = {}): Metric<Predicted, number> {
  checkOptions('topK', options, ['ignoreIndex']);
  if (!(Number.isInteger(k) && k > 0)) {
    throw new ArgumentError(`topK: k is ${describeValue(k)}, expected an integer above 0`);
  }
  const { ignoreIndex } = options;
  return shareMetric('topK', (result) => {
    checkPredicted('topK', result);
    const { predictions, targets } = result;
    const hasClasses = haveClasses('topK', result);
    const rows = scoreRows(predictions);
    if (!hasClasses || rows.classes < k) {
      const got = formatShape(predictions.shape);
      throw new ShapeError(`topK: expected the scores of at least ${k} classes, [n, c, …], got shape ${got}`);
    }
    const labels = labelsIn('topK', targets, ignoreIndex);
    let right = 0;
    let count = 0;
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i]!;
      if (label === ignoreIndex) continue;
      if (label >= rows.classes) {
        throw new ArgumentError(`topK: the target at index ${i} is ${label}, but there are ${rows.classes} classes`);
      }
      const start = rows.start(i);
      const own = rows.scores[start + label * rows.step]!;
      let ahead = 0;
      for (let c = 0; c < rows.classes; c++) {
        if (c !== label && isAhead(rows.scores[start + c * rows.step]!, own, c < label)) ahead++;
      }
      if (ahead < k) right++;
      count++;
    }
    return { right, count };
  });
}

/** Returns whether a score is larger than another; a NaN is larger than any number. */
function isAhead(score: number, than: number, isEarlier: boolean): boolean {
  if (Number.isNaN(than)) return Number.isNaN(score) && isEarlier;
  return score > than || Number.isNaN(score) || (score === than && isEarlier);
}
