/** Metrics computed by hand: edge cases, options, states and errors. */

import { ones, Random, tensor, zeros } from '@tapegrad/core';
import {
  accuracy,
  auc,
  confusion,
  defineMetric,
  f1,
  mae,
  meanLoss,
  meanOf,
  perplexity,
  precision,
  r2,
  recall,
  rmse,
  topK,
} from '@tapegrad/train';
import { describe, expect, test } from 'vitest';

const int = (values: number[]) => tensor(values, { dtype: 'int32' });
const scores = (values: number[][]) => tensor(values);

const makers = {
  accuracy,
  auc,
  confusion,
  f1,
  mae,
  meanLoss,
  perplexity,
  precision,
  r2,
  recall,
  rmse,
  topK: () => topK(1),
};
const numbers = { predictions: tensor([0.2, 3]), targets: tensor([0, 1]), loss: tensor(1) };
const classes = {
  predictions: scores([
    [0, 1],
    [2, 0],
  ]),
  targets: int([1, 1]),
  loss: tensor(1),
};
const sample = (name: string) => (['mae', 'r2', 'rmse'].includes(name) ? numbers : classes);

describe('every metric', () => {
  test.each(Object.entries(makers))('%s has no value, or an empty one, without examples', (name, make) => {
    const value = make().value();
    expect(value).toEqual(name === 'confusion' ? [] : Number.NaN);
  });

  test.each(Object.entries(makers))('%s gives a state that is plain data and a copy', (name, make) => {
    const metric = make();
    metric.update(sample(name));
    const value = metric.value();
    const state = structuredClone(metric.state());
    metric.update(sample(name));
    const other = make();
    other.load(state);
    expect(other.value()).toEqual(value);
    metric.reset();
    metric.merge(state);
    expect(metric.value()).toEqual(value);
  });

  test.each(Object.entries(makers))('%s refuses what is no state, and keeps its own', (name, make) => {
    const metric = make();
    metric.update(sample(name));
    const value = metric.value();
    for (const state of [null, 3, {}, { sum: 'a' }]) {
      expect(() => metric.load(state as never)).toThrow(new RegExp(`^${name}.load: `));
      expect(() => metric.merge(state as never)).toThrow(new RegExp(`^${name}.merge: `));
    }
    expect(metric.value()).toEqual(value);
  });

  test.each(Object.entries(makers))('%s refuses an update without tensors, and keeps its value', (name, make) => {
    const metric = make();
    metric.update(sample(name));
    const value = metric.value();
    for (const result of [undefined, {}, { predictions: [1], targets: [1] }]) {
      expect(() => metric.update(result as never)).toThrow(new RegExp(`^${name}`));
    }
    expect(metric.value()).toEqual(value);
  });

  test.each(Object.entries(makers))('%s refuses an unknown option', (name, make) => {
    if (name === 'topK') expect(() => topK(1, { threshold: 1 } as never)).toThrow("unknown option 'threshold'");
    else expect(() => (make as (options: object) => unknown)({ treshold: 1 })).toThrow("unknown option 'treshold'");
  });

  test.each(Object.entries(makers))('%s weighs batches by their examples', (name, make) => {
    const random = new Random(3);
    const isNumbers = ['mae', 'r2', 'rmse'].includes(name);
    const targets = isNumbers ? random.normal([30]) : random.integers([30], 0, 2);
    const predictions = random.normal(isNumbers ? [30] : [30, 2]);
    const losses = [...random.uniform([30]).data];
    const value = (cuts: readonly number[]) => {
      const metric = make();
      cuts.slice(1).forEach((end, i) => {
        const start = cuts[i]!;
        const loss = losses.slice(start, end).reduce((sum, x) => sum + x, 0) / (end - start);
        metric.update({
          predictions: predictions.slice(0, start, end) as never,
          targets: targets.slice(0, start, end),
          loss: tensor(loss, { dtype: 'float64' }),
        });
      });
      return metric.value();
    };
    const once = value([0, 30]);
    for (const cuts of [
      [0, 1, 30],
      [0, 13, 29, 30],
      [0, 8, 16, 24, 30],
    ]) {
      const parts = value(cuts);
      if (typeof once === 'number') expect(parts).toBeCloseTo(once, 12);
      else expect(parts).toEqual(once);
    }
  });
});

describe('metrics of classes', () => {
  test('a threshold for probabilities', () => {
    const metric = accuracy({ threshold: 0.5 });
    metric.update({ predictions: tensor([0.4, 0.6, 0.5]), targets: int([0, 1, 0]) });
    expect(metric.value()).toBe(1);
  });

  test('targets may be floats, as binaryCrossEntropy takes them, if they are classes', () => {
    const metric = accuracy();
    metric.update({ predictions: tensor([-1, 1]), targets: tensor([0, 1]) });
    expect(metric.value()).toBe(1);
    expect(() => metric.update({ predictions: tensor([-1]), targets: tensor([0.5]) })).toThrow(
      'target at index 0 is 0.5',
    );
  });

  test('predictions may be classes', () => {
    const metric = confusion();
    metric.update({ predictions: int([0, 3]), targets: int([1, 3]) });
    expect(metric.value()).toEqual([
      [0, 0, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 1],
    ]);
  });

  test('ignored labels count nowhere', () => {
    const predictions = scores([
      [0, 1, 0],
      [1, 0, 0],
      [0, 0, 1],
    ]);
    const targets = int([1, -100, 0]);
    for (const [make, expected] of [
      [accuracy, 0.5],
      [() => topK(3, { ignoreIndex: -100 }), 1],
      [recall, 0.5 / 3 + 0.5 / 3],
    ] as const) {
      const metric = make({ ignoreIndex: -100 });
      metric.update({ predictions, targets });
      expect(metric.value()).toBeCloseTo(expected, 12);
    }
    expect(() => accuracy().update({ predictions, targets })).toThrow('target at index 1 is -100');
  });

  test('axes after the classes, as crossEntropy takes them', () => {
    const random = new Random(1);
    const predictions = random.normal([2, 4, 3, 5]);
    const targets = random.integers([2, 3, 5], 0, 4);
    const metric = accuracy();
    metric.update({ predictions, targets });
    const right = predictions.argmax(1).equal(targets).cast('float64').mean().item();
    expect(metric.value()).toBe(right);
    const top = topK(1);
    top.update({ predictions, targets });
    expect(top.value()).toBe(right);
    const rows = accuracy();
    rows.update({ predictions: predictions.permute([0, 2, 3, 1]).reshape([30, 4]), targets: targets.reshape([30]) });
    expect(rows.value()).toBe(right);
  });

  test('equal scores and NaN as argmax has them', () => {
    const predictions = scores([
      [1, 1, 0],
      [Number.NaN, 5, 1],
      [0, Number.NaN, Number.NaN],
    ]);
    for (const make of [accuracy, () => topK(1)]) {
      const metric = make();
      metric.update({ predictions, targets: predictions.argmax(1) });
      expect(metric.value()).toBe(1);
      metric.reset();
      metric.update({ predictions, targets: int([1, 1, 2]) });
      expect(metric.value()).toBe(0);
    }
  });

  test.each([
    [
      'other shapes',
      { predictions: zeros([2, 3]), targets: int([0]) },
      'targets [n, …], got predictions of shape [2, 3]',
    ],
    ['a single class', { predictions: zeros([2, 1]), targets: int([0, 0]) }, 'reshape them to [2]'],
    ['a class too many', { predictions: zeros([1, 2]), targets: int([2]) }, 'is 2, but there are 2 classes'],
    ['a negative class', { predictions: zeros([1, 2]), targets: int([-1]) }, 'is -1, expected a class'],
    [
      'int32 scores',
      { predictions: zeros([1, 2], { dtype: 'int32' }), targets: int([1]) },
      'scores of classes as floats',
    ],
  ])('%s are refused', (_, result, message) => {
    expect(() => accuracy().update(result)).toThrow(message);
    expect(() => f1().update(result)).toThrow(message);
  });

  test('topK wants k classes, and k above 0', () => {
    expect(() => topK(0)).toThrow('topK: k is 0, expected an integer above 0');
    expect(() => topK(3).update({ predictions: zeros([1, 2]), targets: int([0]) })).toThrow('at least 3 classes');
    expect(() => topK(1).update({ predictions: zeros([2]), targets: int([0, 0]) })).toThrow('[n, c, …], got shape [2]');
  });

  test('binary is for two classes', () => {
    const metric = precision();
    metric.update({ predictions: int([0, 2]), targets: int([0, 2]) });
    expect(() => metric.value()).toThrow("precision: the average 'binary' is for classes 0 and 1, got 3 classes");
    expect(() => f1({ average: 'mean' as never })).toThrow("unknown average 'mean'");
  });

  test('a class without examples counts 0, and none where nothing was taken for it either', () => {
    const metric = recall({ average: 'macro' });
    metric.update({ predictions: int([1, 1]), targets: int([1, 1]) });
    expect(metric.value()).toBe(1);
    metric.update({ predictions: int([0]), targets: int([1]) });
    expect(metric.value()).toBeCloseTo((2 / 3 + 0) / 2, 12);
  });
});

describe('auc', () => {
  test('is 1, 0 and 1/2 for scores that separate, separate the wrong way, and are all equal', () => {
    const targets = int([0, 1, 0, 1]);
    for (const [predictions, expected] of [
      [[1, 2, 1.5, 3], 1],
      [[3, 1, 2, 0], 0],
      [[1, 1, 1, 1], 0.5],
    ] as const) {
      const metric = auc();
      metric.update({ predictions: tensor([...predictions]), targets });
      expect(metric.value()).toBe(expected);
    }
  });

  test('is NaN for a NaN, and where a class is missing', () => {
    const metric = auc();
    metric.update({ predictions: tensor([1, 2]), targets: int([1, 1]) });
    expect(metric.value()).toBeNaN();
    metric.update({ predictions: tensor([Number.NaN]), targets: int([0]) });
    expect(metric.value()).toBeNaN();
  });

  test('refuses labels that fit no score', () => {
    expect(() => auc().update({ predictions: tensor([1]), targets: int([2]) })).toThrow('is 2, expected 0 or 1');
    expect(() => auc().update({ predictions: zeros([1, 3]), targets: int([3]) })).toThrow('there are 3 classes');
    const metric = auc();
    metric.update({ predictions: zeros([1, 3]), targets: int([2]) });
    expect(() => metric.update({ predictions: zeros([1]), targets: int([0]) })).toThrow('expected 3 scores');
  });
});

describe('metrics of numbers', () => {
  test('r2 keeps its digits beside a large mean', () => {
    const targets = tensor([1e9, 1e9 + 1, 1e9 + 2], { dtype: 'float64' });
    const metric = r2();
    for (let i = 0; i < 3; i++) {
      metric.update({ predictions: targets.slice(0, i, i + 1).add(0.5), targets: targets.slice(0, i, i + 1) });
    }
    expect(metric.value()).toBeCloseTo(1 - 0.75 / 2, 12);
  });

  test('r2 of equal targets', () => {
    const metric = r2();
    metric.update({ predictions: ones([3]), targets: ones([3]) });
    expect(metric.value()).toBe(1);
    metric.update({ predictions: tensor([2]), targets: tensor([1]) });
    expect(metric.value()).toBe(0);
    metric.update({ predictions: tensor([Number.NaN]), targets: tensor([1]) });
    expect(metric.value()).toBeNaN();
  });

  test('nothing is broadcast', () => {
    const result = { predictions: zeros([2, 1]), targets: zeros([2]) };
    expect(() => mae().update(result)).toThrow('predictions of shape [2, 1] and targets of shape [2] differ');
    expect(() => rmse().update(result)).toThrow('rmse: predictions of shape [2, 1]');
    expect(() => r2().update(result)).toThrow('r2: predictions of shape [2, 1]');
    const metric = r2();
    metric.update({ predictions: zeros([2, 2]), targets: zeros([2, 2]) });
    expect(() => metric.update({ predictions: zeros([2, 3]), targets: zeros([2, 3]) })).toThrow('expected 2 outputs');
  });

  test('batches without examples change nothing', () => {
    const empty = { predictions: zeros([0]), targets: zeros([0]) };
    for (const make of [mae, r2, rmse]) {
      const metric = make();
      metric.update({ predictions: tensor([1, 2]), targets: tensor([1, 3]) });
      const value = metric.value();
      metric.update(empty);
      expect(metric.value()).toBe(value);
    }
  });
});

describe('means', () => {
  test('need a count', () => {
    expect(() => meanLoss().update({ loss: tensor(1) })).toThrow('meanLoss.update: the number of examples is unknown');
    expect(() => meanLoss().update({ loss: tensor(1), count: -1 })).toThrow('count of examples is -1');
    expect(() => meanOf(() => 1).update({})).toThrow('meanOf.update: the number of examples is unknown');
  });

  test('a batch of no examples counts nothing, whatever its loss', () => {
    const metric = meanLoss();
    metric.update({ loss: tensor(Number.NaN), count: 0 });
    metric.update({ loss: tensor(2), count: 1 });
    expect(metric.value()).toBe(2);
  });
});

test('a metric of one’s own that throws stays as it was', () => {
  const metric = defineMetric({
    name: 'own',
    empty: () => ({ sum: 0 }),
    add: ({ sum }, { x }: { x: number }) => {
      if (x < 0) throw new Error('negative');
      return { sum: sum + x };
    },
    join: (a, b) => ({ sum: a.sum + b.sum }),
    value: ({ sum }) => sum,
  });
  metric.update({ x: 2 });
  expect(() => metric.update({ x: -1 })).toThrow('negative');
  expect(metric.value()).toBe(2);
  expect(metric.better).toBeUndefined();
});
