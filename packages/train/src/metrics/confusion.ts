/** The confusion matrix, and the metrics computed from it: precision, recall and F1. */

import { ArgumentError } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import type { Predicted } from '../outcome.ts';
import { forEachLabel, type LabelOptions, labelOptions } from './labels.ts';
import { defineMetric, type Metric, type MetricRules } from './metric.ts';

/** Numbers of examples, by true class and predicted class. */
interface Counts {
  /** The number of classes. */
  readonly classes: number;
  /** The matrix row by row: the number of examples of class i predicted as class j is at index i * classes + j. */
  readonly counts: number[];
  /** 1 if there were predictions without a class axis, else 0. */
  readonly single: number;
  readonly [other: string]: number | number[];
}

/** Copies the counts to a matrix with more classes. */
function widened({ classes, counts, single }: Counts, wanted: number): Counts {
  if (wanted <= classes) return { classes, counts, single };
  const wide = new Array<number>(wanted * wanted).fill(0);
  for (let i = 0; i < classes; i++) {
    for (let j = 0; j < classes; j++) wide[i * wanted + j] = counts[i * classes + j]!;
  }
  return { classes: wanted, counts: wide, single };
}

const countRules = <Value>(
  name: string,
  options: LabelOptions,
  value: (sums: Counts) => Value,
): MetricRules<Predicted, Value, Counts> => ({
  name,
  empty: () => ({ classes: 0, counts: [], single: 0 }),
  add: (sums, result) => {
    const pairs: number[] = [];
    let most = -1;
    const classes = forEachLabel(name, result, options, (predicted, target) => {
      pairs.push(predicted, target);
      most = Math.max(most, predicted, target);
    });
    const isSingle = result.predictions.rank === result.targets.rank;
    const table = widened(sums, Math.max(classes, most + 1));
    for (let i = 0; i < pairs.length; i += 2) table.counts[pairs[i + 1]! * table.classes + pairs[i]!]!++;
    return { ...table, single: Math.max(table.single, +isSingle) };
  },
  join: (a, b) => {
    const classes = Math.max(a.classes, b.classes);
    const [x, y] = [widened(a, classes), widened(b, classes)];
    return { classes, counts: x.counts.map((count, i) => count + y.counts[i]!), single: Math.max(a.single, b.single) };
  },
  value,
});

/** The element in row i and column j is the number of examples of class i that were predicted as class j. */
export type ConfusionMatrix = readonly (readonly number[])[];

/**
 * Counts the examples of each class (row) that are predicted as each class (column). The metric takes the same
 * predictions and targets as `accuracy`.
 *
 * @example
 * const metric = confusion();
 * const targets = tensor([0, 1, 1], { dtype: 'int32' });
 * metric.update({ predictions: tensor([[2, 1], [0, 3], [5, 4]]), targets });
 * metric.value(); // [[1, 0], [1, 1]]
 */
export function confusion(options: LabelOptions = {}): Metric<Predicted, ConfusionMatrix> {
  checkOptions('confusion', options, labelOptions);
  const matrix = ({ classes, counts }: Counts): ConfusionMatrix =>
    Array.from({ length: classes }, (_, i) => counts.slice(i * classes, (i + 1) * classes));
  return defineMetric(countRules('confusion', options, matrix));
}

/** A way to combine the values of the classes into one; see `AverageOptions`. */
export type Average = 'binary' | 'macro' | 'micro' | 'weighted';

/** The options of `precision`, `recall` and `f1`. */
export interface AverageOptions extends LabelOptions {
  /**
   * The way to combine the values of the classes. `binary` takes the value for class 1. `macro` is the mean over the
   * classes that occur, and `weighted` weights this mean by the numbers of examples of the classes. `micro` first adds
   * up the counts of all classes. Defaults to `macro` for scores of classes [n, c], and to `binary` for predictions
   * that have the same shape as the targets.
   */
  readonly average?: Average;
}

const averages: readonly string[] = ['binary', 'macro', 'micro', 'weighted'] satisfies Average[];

/** For one class: the numbers of true positives, false positives and false negatives. */
interface ClassCounts {
  readonly hits: number;
  readonly falseAlarms: number;
  readonly misses: number;
}

function classCounts({ classes, counts }: Counts): ClassCounts[] {
  return Array.from({ length: classes }, (_, c) => {
    let [row, column] = [0, 0];
    for (let i = 0; i < classes; i++) {
      row += counts[c * classes + i]!;
      column += counts[i * classes + c]!;
    }
    const hits = counts[c * classes + c]!;
    return { hits, falseAlarms: column - hits, misses: row - hits };
  });
}

type Score = (counts: ClassCounts) => number;

/** Returns a / b, or 0 for 0 / 0. */
const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

function averaged(name: string, sums: Counts, score: Score, wanted: Average | undefined): number {
  const average = wanted ?? (sums.single === 1 ? 'binary' : 'macro');
  const all = classCounts(sums);
  if (all.every(({ hits, misses }) => hits + misses === 0)) return Number.NaN;
  if (average === 'binary') {
    if (sums.classes > 2) {
      const mend = "pass { average: 'macro' }, 'micro' or 'weighted'";
      throw new ArgumentError(
        `${name}: the average 'binary' is for classes 0 and 1, got ${sums.classes} classes; ${mend}`,
      );
    }
    return score(all[1] ?? { hits: 0, falseAlarms: 0, misses: 0 });
  }
  if (average === 'micro') {
    const total = (key: keyof ClassCounts): number => all.reduce((sum, counts) => sum + counts[key], 0);
    return score({ hits: total('hits'), falseAlarms: total('falseAlarms'), misses: total('misses') });
  }
  const occurring = all.filter(({ hits, falseAlarms, misses }) => hits + falseAlarms + misses > 0);
  const weights = occurring.map(({ hits, misses }) => (average === 'weighted' ? hits + misses : 1));
  const sum = occurring.reduce((so, counts, i) => so + weights[i]! * score(counts), 0);
  return sum / weights.reduce((a, b) => a + b, 0);
}

function averagedMetric(
  name: string,
  score: Score,
  { average, ...options }: AverageOptions,
): Metric<Predicted, number> {
  checkOptions(name, { average, ...options }, ['average', ...labelOptions]);
  if (average !== undefined && !averages.includes(average)) {
    const known = averages.map((word) => `'${word}'`).join(', ');
    throw new ArgumentError(`${name}: unknown average ${describeValue(average)}, expected one of ${known}`);
  }
  const value = (sums: Counts): number => averaged(name, sums, score, average);
  return defineMetric({ ...countRules(name, options, value), better: 'higher' });
}

/**
 * Computes the precision: of the examples predicted as a class, the share that belongs to it. It is 0 for a class that
 * was never predicted, and NaN without examples. The metric takes the same predictions and targets as `accuracy`.
 *
 * @example
 * const metric = precision();
 * metric.update({ predictions: tensor([2, 1, -1]), targets: tensor([1, 0, 1], { dtype: 'int32' }) });
 * metric.value(); // 0.5
 */
export const precision = (options: AverageOptions = {}): Metric<Predicted, number> =>
  averagedMetric('precision', ({ hits, falseAlarms }) => ratio(hits, hits + falseAlarms), options);

/**
 * Computes the recall: of the examples of a class, the share that was predicted as this class. It is 0 for a class that
 * was predicted but has no examples, and NaN without any examples.
 *
 * @example
 * const metric = recall();
 * metric.update({ predictions: tensor([2, 1, -1]), targets: tensor([1, 0, 1], { dtype: 'int32' }) });
 * metric.value(); // 0.5
 */
export const recall = (options: AverageOptions = {}): Metric<Predicted, number> =>
  averagedMetric('recall', ({ hits, misses }) => ratio(hits, hits + misses), options);

/**
 * Computes F1, the harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN), from the numbers of true positives,
 * false positives and false negatives.
 *
 * @example
 * const metric = f1({ average: 'macro' });
 * const predictions = tensor([[2, 1], [0, 3], [5, 4]]);
 * metric.update({ predictions, targets: tensor([0, 1, 1], { dtype: 'int32' }) });
 * metric.value(); // 0.666667
 */
export const f1 = (options: AverageOptions = {}): Metric<Predicted, number> =>
  averagedMetric('f1', ({ hits, falseAlarms, misses }) => ratio(2 * hits, 2 * hits + falseAlarms + misses), options);
