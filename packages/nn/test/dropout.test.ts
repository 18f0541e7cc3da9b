/** Dropout of channels, and alpha dropout for SELU. */

import { DTypeError, full, ones, Random, ShapeError, type Tensor, vmap, zeros } from '@tapegrad/core';
import { tapeOf } from '@tapegrad/core/tape';
import {
  AlphaDropout,
  alphaDropout,
  Dropout,
  Dropout1d,
  Dropout2d,
  dropout,
  dropout1d,
  dropout2d,
  GRU,
  MultiHeadAttention,
  scaledDotProductAttention,
} from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';

const random = new Random(2);

describe.each([
  [
    'dropout1d',
    dropout1d,
    [
      [40, 30, 5],
      [1200, 5],
    ],
    1,
  ],
  [
    'dropout2d',
    dropout2d,
    [
      [40, 30, 3, 2],
      [1200, 3, 2],
    ],
    2,
  ],
] as const)('%s', (name, drop, shapes, spatial) => {
  test.each(shapes.map((shape) => [shape] as const))('drops or keeps whole channels of %j', (shape) => {
    const y: Tensor = drop(ones(shape, { dtype: 'float64' }) as Tensor, 0.25, random);
    expect(y.shape).toEqual(shape);
    const axes = Array.from({ length: spatial }, (_, i) => -1 - i);
    expect(y.max(axes).toArray()).toEqual(y.min(axes).toArray());
    expect([...new Set(y.data)].toSorted()).toEqual([0, 1 / 0.75]);
    // Six standard deviations of the mean of 1200 channels.
    expect(Math.abs(y.mean().item() - 1)).toBeLessThan(6 * Math.sqrt(1 / 3 / 1200));
  });

  test('refuses other ranks, and integers', () => {
    expect(() => drop(zeros([5]), 0.5, random)).toThrow(ShapeError);
    expect(() => drop(zeros([5]), 0.5, random)).toThrow(`${name}: expected an input of ${spatial + 1} or`);
    expect(() => drop(zeros(shapes[0], { dtype: 'int32' }) as Tensor, 0.5, random)).toThrow(DTypeError);
  });
});

test('alphaDropout keeps mean 0 and variance 1', () => {
  const x = random.normal([40000], { dtype: 'float64' });
  const y = alphaDropout(x, 0.3, random);
  expect(Math.abs(y.mean().item())).toBeLessThan(6 / Math.sqrt(40000));
  expect(Math.abs(y.variance().item() - 1)).toBeLessThan(0.05);
  // All dropped elements have the same value.
  const counts = new Map<number, number>();
  for (const value of y.data) counts.set(value, (counts.get(value) ?? 0) + 1);
  expect(Math.max(...counts.values()) / 40000).toBeCloseTo(0.3, 1);
});

test('alphaDropout has the gradient of its mask', () => {
  const x = random.normal([50], { dtype: 'float64' });
  const w = ones([50], { dtype: 'float64', requiresGrad: true });
  const y = alphaDropout(x.mul(w), 0.3, random);
  const a = 1 / Math.sqrt(0.7 * (1 + 0.3 * 1.7580993408473766 ** 2));
  const kept = [...y.sum().backward().of(w).data].map((g, i) => Math.abs(g / x.data[i]! - a) < 1e-12);
  expect(kept.includes(true) && kept.includes(false)).toBe(true);
  expect(tapeOf(alphaDropout(w, 0.3, random)).map(({ op }) => op)).toEqual(['mul', 'add', 'where']);
});

test('layers drop while training, and are the identity in evaluation', () => {
  for (const layer of [
    new Dropout1d(0.5, { random }),
    new Dropout2d(0.5, { random }),
    new AlphaDropout(0.5, { random }),
  ]) {
    const x = ones([4, 5, 6]);
    expect(layer.forward(x).toArray()).not.toEqual(x.toArray());
    expect(layer.eval().forward(x)).toBe(x);
    expect(String(layer)).toMatch(/Dropout.*\(0\.5\)/);
  }
  expect(alphaDropout(ones([3]), 0, random).toArray()).toEqual([1, 1, 1]);
  expect(() => new Dropout2d(0.5, {} as never)).toThrow('Dropout2d: expected { random }, the generator');
  expect(() => new AlphaDropout(1.5, { random })).toThrow('AlphaDropout: the probability is 1.5');
});

const kinds = { dropout, dropout1d, dropout2d, alphaDropout } as const;
const layers = { Dropout, Dropout1d, Dropout2d, AlphaDropout } as const;

describe('with probability 1', () => {
  test.each(Object.entries(kinds))('%s gives zeros with a gradient of 0, whatever it drops', (_, drop) => {
    for (const value of [3, Number.POSITIVE_INFINITY, Number.NaN]) {
      const x = full([2, 3, 4], value, { dtype: 'float64', requiresGrad: true }) as Tensor;
      const y = drop(x, 1, random);
      expect(y.toArray()).toEqual(zeros([2, 3, 4]).toArray());
      expect(y.sum().backward().of(x).toArray()).toEqual(zeros([2, 3, 4]).toArray());
    }
  });

  test.each(Object.entries(layers))('%s does while training, and is the identity in evaluation', (_, Layer) => {
    const layer = new Layer(1, { random });
    const x = ones([2, 3, 4]);
    expect(layer.forward(x).toArray()).toEqual(zeros([2, 3, 4]).toArray());
    expect(layer.eval().forward(x)).toBe(x);
  });

  test('the layers that drop inside do, too', () => {
    const x = random.normal([2, 3, 4], { dtype: 'float64' });
    const attention = new MultiHeadAttention(4, 2, { dropout: 1, random, dtype: 'float64', bias: false });
    expect((attention.forward(x) as Tensor).toArray()).toEqual(zeros([2, 3, 4]).toArray());
    expect(scaledDotProductAttention(x, x, x, { dropout: 1, random }).toArray()).toEqual(zeros([2, 3, 4]).toArray());
    const gru = new GRU(4, 5, { numLayers: 2, dropout: 1, random, dtype: 'float64' });
    const { output } = gru.forward(x);
    const alone = gru.forward(x.mul(0).add(7));
    // The second layer sees zeros, whatever the input.
    expect(output.toArray()).toEqual(alone.output.toArray());
    gru.eval();
    expect(gru.forward(x).output.toArray()).not.toEqual(gru.forward(x.add(1)).output.toArray());
  });
});

test('what is dropped does not matter', () => {
  for (const drop of Object.values(kinds)) {
    const x = ones([200, 3, 4], { dtype: 'float64', requiresGrad: true });
    const y = drop(x.div(0), 0.5, new Random(5)) as Tensor;
    const expected = drop(x, 0.5, new Random(5)) as Tensor;
    const dropped = [...expected.data].map((value) => value === Math.min(...expected.data));
    expect([...y.data].map((value) => !Number.isFinite(value))).toEqual(dropped.map((isDropped) => !isDropped));
  }
});

describe('inside vmap', () => {
  test.each(Object.entries(kinds))('%s asks what its mask is to be', (_, drop) => {
    const x: Tensor = ones(drop === dropout2d ? [50, 8, 3, 2] : [50, 8, 3]);
    const run = (randomness?: 'same' | 'different') =>
      vmap((row: Tensor) => drop(row, 0.5, new Random(1)), randomness === undefined ? {} : { randomness })(x) as Tensor;
    expect(() => run()).toThrow('bernoulli: a random draw inside vmap; say whether it is the same for all examples');
    const rows = (y: Tensor) => new Set(Array.from({ length: 50 }, (__, i) => String(y.index(i).data)));
    expect(rows(run('same')).size).toBe(1);
    expect(rows(run('different')).size).toBeGreaterThan(40);
    expect(run('different').toArray()).toEqual(drop(x, 0.5, new Random(1)).toArray());
  });

  test('a layer in evaluation draws nothing', () => {
    const layer = new Dropout(0.5, { random }).eval();
    expect(vmap((row: Tensor) => layer.forward(row))(ones([3, 2])).toArray()).toEqual(ones([3, 2]).toArray());
  });
});

test('what is dropped has a gradient of 0, also where the slope after it is infinite', () => {
  for (const drop of Object.values(kinds)) {
    const x = ones([20, 3, 4], { dtype: 'float64', requiresGrad: true }) as Tensor;
    const y = drop(x, 0.5, new Random(3));
    const lowest = y.min() as Tensor;
    const gradient = y.sub(lowest.detach()).sqrt().sum().backward().of(x);
    const kept = [...y.data].map((value) => value !== lowest.item());
    expect([...gradient.data].map((slope) => slope !== 0)).toEqual(kept);
    expect([...gradient.data].every(Number.isFinite)).toBe(true);
  }
});
