import { ArgumentError, Random, ShapeError } from '@tapegrad/core';
import { init } from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';

const { constant, kaimingNormal, kaimingUniform, normal, ones, uniform, xavierNormal, xavierUniform, zeros } = init;

const make = (initializer: init.Initializer, shape: readonly number[]) =>
  initializer(shape, new Random(9), { dtype: 'float64' });

const root3 = Math.sqrt(3);

// The documented standard deviation of each initialiser, and the largest absolute value of a uniform one.
test.each<[string, init.Initializer, readonly number[], number, number]>([
  ['uniform', uniform(), [100, 50], 1 / Math.sqrt(12), 1],
  ['uniform in a range', uniform({ low: -2, high: 2 }), [100, 50], 2 / root3, 2],
  ['normal', normal(), [100, 50], 1, Infinity],
  ['normal of a mean', normal({ mean: 3, std: 0.1 }), [100, 50], 0.1, Infinity],
  ['kaimingUniform', kaimingUniform(), [200, 50], Math.sqrt(2 / 200), root3 * Math.sqrt(2 / 200)],
  [
    'kaimingUniform, fanOut',
    kaimingUniform({ mode: 'fanOut' }),
    [200, 50],
    Math.sqrt(2 / 50),
    root3 * Math.sqrt(2 / 50),
  ],
  [
    'kaimingUniform as Linear',
    kaimingUniform({ nonlinearity: 'leakyRelu', slope: Math.sqrt(5) }),
    [200, 50],
    1 / root3 / Math.sqrt(200),
    1 / Math.sqrt(200),
  ],
  ['kaimingNormal', kaimingNormal({ nonlinearity: 'tanh' }), [200, 50], 5 / 3 / Math.sqrt(200), Infinity],
  [
    'kaimingNormal of windows',
    kaimingNormal({ nonlinearity: 'linear' }),
    [20, 30, 3, 3],
    1 / Math.sqrt(30 * 9),
    Infinity,
  ],
  [
    'kaimingNormal of windows, fanOut',
    kaimingNormal({ mode: 'fanOut' }),
    [20, 30, 3, 3],
    Math.sqrt(2 / (20 * 9)),
    Infinity,
  ],
  ['xavierUniform', xavierUniform(), [200, 50], Math.sqrt(2 / 250), root3 * Math.sqrt(2 / 250)],
  ['xavierNormal', xavierNormal({ gain: 2 }), [200, 50], 2 * Math.sqrt(2 / 250), Infinity],
])('%s', (_, initializer, shape, std, largest) => {
  const x = make(initializer, shape);
  expect(x.shape).toEqual(shape);
  expect(x.dtype).toBe('float64');
  expect(Math.sqrt(x.variance().item()) / std).toBeCloseTo(1, 1);
  const found = x.abs().max().item();
  expect(found).toBeLessThanOrEqual(largest);
  if (largest < Infinity) expect(found / largest).toBeGreaterThan(0.99);
  expect(make(initializer, shape).toArray()).toEqual(x.toArray());
});

test('constants draw no numbers', () => {
  const random = new Random(1);
  const before = random.state;
  expect([zeros(), ones(), constant(7)].map((initializer) => initializer([2], random).toArray())).toEqual([
    [0, 0],
    [1, 1],
    [7, 7],
  ]);
  expect(random.state).toEqual(before);
});

test('empty weights are no trouble', () => {
  expect(make(kaimingNormal(), [0, 3]).shape).toEqual([0, 3]);
  expect(make(xavierUniform(), [0, 0]).shape).toEqual([0, 0]);
});

describe('refused is', () => {
  test.each<[string, () => unknown, new (...args: never[]) => Error, string]>([
    [
      'a vector',
      () => make(kaimingUniform(), [3]),
      ShapeError,
      'kaimingUniform: expected a weight of two axes or more, got shape [3]',
    ],
    [
      'a scalar',
      () => make(xavierNormal(), []),
      ShapeError,
      'xavierNormal: expected a weight of two axes or more, got shape []',
    ],
    [
      'an unknown nonlinearity',
      () => kaimingNormal({ nonlinearity: 'swish' as never }),
      ArgumentError,
      "gain: unknown nonlinearity 'swish'",
    ],
    [
      'an unknown mode',
      () => kaimingNormal({ mode: 'fan' as never }),
      ArgumentError,
      "kaimingNormal: unknown mode 'fan'",
    ],
  ])('%s', (_, run, kind, message) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });
});
