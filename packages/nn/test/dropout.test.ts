/** Dropout of channels, and for scaled exponential linear units. */

import { DTypeError, ones, Random, ShapeError, type Tensor, tapeOf, zeros } from '@tapegrad/core';
import { AlphaDropout, alphaDropout, Dropout1d, Dropout2d, dropout1d, dropout2d } from '@tapegrad/nn';
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
  // What was dropped is one number.
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
  expect(tapeOf(alphaDropout(w, 0.3, random)).map(({ op }) => op)).toEqual(['mul', 'add']);
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
  expect(() => new AlphaDropout(1, { random })).toThrow('AlphaDropout: the probability is 1');
});
