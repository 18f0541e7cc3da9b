/** Measures how well scores separate classes, for all thresholds at once. */

import { ArgumentError } from '@tapegrad/core';
import { checkOptions } from '@tapegrad/core/extend';
import type { Predicted } from '../outcome.ts';
import { checkPredicted, haveClasses, labelsIn, scoreRows } from './labels.ts';
import { defineMetric, type Metric } from './metric.ts';

/** All scores and labels. They are kept, since the area can't be computed from sums. */
interface Ranked {
  /** The number of scores for each example: 1, or one for each class. */
  readonly width: number;
  readonly scores: Float64Array;
  readonly labels: Float64Array;
  /** The number of examples; the arrays may have room for more. */
  readonly count: number;
  readonly [other: string]: number | Float64Array;
}

/** Returns an array with room for at least `length` numbers, beginning with those of the given array. */
function withRoom(array: Float64Array, length: number): Float64Array {
  if (array.length >= length) return array;
  const larger = new Float64Array(Math.max(length, 2 * array.length));
  larger.set(array);
  return larger;
}

function appended(a: Ranked, width: number, scores: Float64Array, labels: Float64Array): Ranked {
  if (a.count > 0 && labels.length > 0 && a.width !== width) {
    throw new ArgumentError(`auc: expected ${a.width} scores for each example, as before, got ${width}`);
  }
  const count = a.count + labels.length;
  const allScores = withRoom(a.scores, count * width);
  const allLabels = withRoom(a.labels, count);
  allScores.set(scores, a.count * width);
  allLabels.set(labels, a.count);
  return { width: labels.length > 0 ? width : a.width, scores: allScores, labels: allLabels, count };
}

/**
 * Computes the area under the receiver operating characteristic from the ranks of the positive examples (Mann and Whitney):
 * the share of pairs of a positive and a negative example in which the positive one has the larger score. A tie counts half.
 */
function area(scores: Float64Array, isPositive: (i: number) => boolean): number {
  if (scores.some(Number.isNaN)) return Number.NaN;
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let [positives, rankSum] = [0, 0];
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    const meanRank = (start + 1 + end) / 2;
    for (let i = start; i < end; i++) {
      if (!isPositive(order[i]!)) continue;
      positives++;
      rankSum += meanRank;
    }
    start = end;
  }
  const negatives = scores.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

function meanArea({ width, scores, labels, count }: Ranked): number {
  if (width === 1) return area(scores.subarray(0, count), (i) => labels[i] === 1);
  const areas = Array.from({ length: width }, (_, c) => {
    const own = Float64Array.from({ length: count }, (_, i) => scores[i * width + c]!);
    return area(own, (i) => labels[i] === c);
  });
  return areas.reduce((sum, one) => sum + one, 0) / width;
}

/**
 * Computes the area under the receiver operating characteristic, from 0 to 1: the probability that a positive example has a
 * larger score than a negative one, where a tie counts half. It is NaN if one of the classes has no example.
 *
 * Predictions that have the same shape as the targets are scores of class 1, on any scale. Predictions [n, c] are the
 * probabilities of c classes; the value is then the mean of the areas of each class against all others. Every score is
 * kept until `reset`: 16 bytes for each example, and 8 more for each further class.
 *
 * @example
 * const metric = auc();
 * const targets = tensor([0, 0, 1, 1], { dtype: 'int32' });
 * metric.update({ predictions: tensor([0.1, 0.4, 0.35, 0.8]), targets });
 * metric.value(); // 0.75
 */
export function auc(options: object = {}): Metric<Predicted, number> {
  checkOptions('auc', options, []);
  return defineMetric({
    name: 'auc',
    better: 'higher',
    empty: (): Ranked => ({ width: 1, scores: new Float64Array(0), labels: new Float64Array(0), count: 0 }),
    add: (sums, result) => {
      checkPredicted('auc', result);
      const { predictions, targets } = result;
      const labels = Float64Array.from(labelsIn('auc', targets, undefined));
      if (!haveClasses('auc', result)) {
        const wrong = labels.findIndex((label) => label > 1);
        if (wrong !== -1) {
          throw new ArgumentError(
            `auc: the target at index ${wrong} is ${labels[wrong]}, expected 0 or 1 for one score`,
          );
        }
        return appended(sums, 1, Float64Array.from(predictions.elements), labels);
      }
      const { scores, classes, step, start } = scoreRows(predictions);
      const wrong = labels.findIndex((label) => label >= classes);
      if (wrong !== -1) {
        throw new ArgumentError(
          `auc: the target at index ${wrong} is ${labels[wrong]}, but there are ${classes} classes`,
        );
      }
      const rows = new Float64Array(labels.length * classes);
      for (let i = 0; i < rows.length; i++) rows[i] = scores[start(Math.floor(i / classes)) + (i % classes) * step]!;
      return appended(sums, classes, rows, labels);
    },
    join: (a, b) => appended(a, b.width, b.scores.subarray(0, b.count * b.width), b.labels.subarray(0, b.count)),
    value: meanArea,
  });
}
