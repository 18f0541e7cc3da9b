/** Compares metrics with stored values of scikit-learn, for batches of every size. */

import { readFileSync } from 'node:fs';
import { type Tensor, tensor } from '@tapegrad/core';
import { crossEntropy } from '@tapegrad/nn';
import {
  type Average,
  accuracy,
  auc,
  confusion,
  f1,
  type Metric,
  mae,
  type Predicted,
  perplexity,
  precision,
  r2,
  recall,
  rmse,
  topK,
} from '@tapegrad/train';
import { describe, expect, test } from 'vitest';

interface Row {
  readonly kind: 'classes' | 'binary' | 'numbers';
  readonly predictions: number[] | number[][];
  readonly targets: number[];
  readonly probabilities?: number[][];
  readonly confusion?: number[][];
  readonly topK?: Readonly<Record<string, number>>;
  readonly precision?: Readonly<Record<Average, number>>;
  readonly recall?: Readonly<Record<Average, number>>;
  readonly f1?: Readonly<Record<Average, number>>;
  readonly accuracy?: number;
  readonly auc?: number;
  readonly mae?: number;
  readonly r2?: number;
  readonly rmse?: number;
  readonly perplexity?: number;
}

const { rows } = JSON.parse(readFileSync(new URL('../data/metrics.json', import.meta.url), 'utf8')) as { rows: Row[] };

const asTensor = (x: Row['predictions']): Tensor => tensor(x as number[], { dtype: 'float64' });

const whole = ({ kind, predictions, targets }: Row): Predicted => ({
  predictions: asTensor(predictions),
  targets: tensor(targets, { dtype: kind === 'numbers' ? 'float64' : 'int32' }),
});

/** Returns the value over batches of the given sizes; the last size is repeated. */
function streamed<V>(metric: Metric<Predicted, V>, { predictions, targets }: Predicted, sizes: readonly number[]): V {
  let start = 0;
  for (let i = 0; start < targets.shape[0]!; i++) {
    const end = Math.min(start + sizes[Math.min(i, sizes.length - 1)]!, targets.shape[0]!);
    metric.update({ predictions: predictions.slice(0, start, end), targets: targets.slice(0, start, end) });
    start = end;
  }
  return metric.value();
}

/** Also as two halves whose states are merged, and after a reset. */
function expectValue<V>(make: () => Metric<Predicted, V>, data: Predicted, expected: V): void {
  const close = (value: V) =>
    typeof expected === 'number' ? expect(value).toBeCloseTo(expected, 12) : expect(value).toEqual(expected);
  for (const sizes of [[1000], [1], [4], [7, 1, 3]]) close(streamed(make(), data, sizes));
  const [first, second] = [make(), make()];
  const { predictions: p, targets: t } = data;
  const half = Math.floor(t.shape[0]! / 3);
  first.update({ predictions: p.slice(0, 0, half), targets: t.slice(0, 0, half) });
  second.update({ predictions: p.slice(0, half), targets: t.slice(0, half) });
  first.merge(second.state());
  close(first.value());
  const third = make();
  third.update(data);
  third.load(first.state());
  close(third.value());
  third.reset();
  third.update(data);
  close(third.value());
}

describe.each(rows.map((row, i) => ({ row, name: `row ${i}: ${row.kind}` })))('$name', ({ row }) => {
  const data = whole(row);
  const has = (name: keyof Row) => row[name] !== undefined;

  if (has('accuracy')) test('accuracy', () => expectValue(accuracy, data, row.accuracy!));
  if (has('confusion')) test('confusion', () => expectValue(confusion, data, row.confusion!));
  if (has('mae')) test('mae', () => expectValue(mae, data, row.mae!));
  if (has('rmse')) test('rmse', () => expectValue(rmse, data, row.rmse!));
  if (has('r2')) test('r2', () => expectValue(r2, data, row.r2!));
  if (has('topK'))
    test('topK', () => {
      for (const [k, value] of Object.entries(row.topK!)) expectValue(() => topK(Number(k)), data, value);
    });
  if (has('auc'))
    test('auc', () => {
      const scored = row.probabilities === undefined ? data : { ...data, predictions: asTensor(row.probabilities) };
      expectValue(auc, scored, row.auc!);
    });
  const averaged = [
    ['precision', precision],
    ['recall', recall],
    ['f1', f1],
  ] as const;
  test.each(has('f1') ? averaged : [])('%s', (name, make) => {
    for (const [average, value] of Object.entries(row[name]!)) {
      expectValue(() => make({ average: average as Average }), data, value);
    }
    expectValue(make, data, row[name]![row.kind === 'binary' ? 'binary' : 'macro']);
  });
  if (has('perplexity'))
    test('perplexity', () => {
      const metric = perplexity();
      const { predictions, targets } = data;
      for (const [start, end] of [
        [0, 3],
        [3, 4],
        [4, targets.size],
      ] as const) {
        const part = targets.slice(0, start, end);
        metric.update({ loss: crossEntropy(predictions.slice(0, start, end) as never, part as never), targets: part });
      }
      expect(metric.value()).toBeCloseTo(row.perplexity!, 12);
    });
});
