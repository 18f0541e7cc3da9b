/** Layers whose weight is normalised: PyTorch's values (data/make_weight_norms.py), and what becomes of the layer. */

import { ArgumentError, compare, ones, Random, ShapeError, type Tensor, zeros } from '@tapegrad/core';
import {
  Conv2d,
  Dense,
  type DenseOptions,
  Dropout,
  Sequential,
  SpectralNorm,
  type SpectralNormOptions,
  WeightNorm,
  type WeightNormOptions,
  weightNorm,
} from '@tapegrad/nn';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { describeStored } from './stored.ts';

const random = new Random(8);
const options = { random, dtype: 'float64' } as const;

describeStored(
  'weight_norms.json',
  {
    WeightNorm: ([inFeatures, outFeatures]: [number, number], { dtype, ...own }: WeightNormOptions & DenseOptions) => {
      const layer = new WeightNorm(new Dense(inFeatures, outFeatures, { dtype: dtype! }), own);
      return { layer, run: (x) => layer.forward(x!) };
    },
    SpectralNorm: (
      [inFeatures, outFeatures]: [number, number],
      { dtype, ...own }: SpectralNormOptions & DenseOptions,
    ) => {
      const layer = new SpectralNorm(new Dense(inFeatures, outFeatures, { dtype: dtype! }), own);
      return { layer, run: (x) => layer.forward(x!) };
    },
  },
  1e-4,
);

describe('WeightNorm', () => {
  const inner = new Dense(4, 3, options);
  const layer = new WeightNorm(inner);
  const x = random.normal([2, 4], { dtype: 'float64' });

  test('gives what the layer gave, at first', () => {
    expectTypeOf(layer.forward(x)).toEqualTypeOf<Tensor<readonly [2, 3]>>();
    expect(compare('y', layer.forward(x), inner.forward(x)).passed).toBe(true);
    expect(layer.magnitude.shape).toEqual([1, 3]);
    expect(String(layer)).toBe('WeightNorm(Dense(4, 3))');
  });

  test('leaves the layer as it was, also where it fails', () => {
    const { weight } = inner;
    expect(() => layer.forward(ones([2, 5]) as never)).toThrow('dense: expects 4 features but receives 5');
    expect(inner.weight).toBe(weight);
  });

  test('has no gradient along the direction', () => {
    const { weight } = inner;
    const gradient = layer.forward(x).tanh().sum().backward().of(weight) as Tensor;
    expect((gradient.mul(weight).sum(0) as Tensor).abs().max().item()).toBeLessThan(1e-15);
  });

  test('stands in a sequence, and takes the first axis of a weight of more than two', () => {
    const model = new Sequential(layer, new Dense(3, 2, options));
    expectTypeOf(model.forward(x)).toEqualTypeOf<Tensor<readonly [2, 2]>>();
    const picture = random.normal([1, 2, 5, 5]);
    const convolution = new Conv2d(2, 3, 3, { random });
    const normalized = new WeightNorm(convolution);
    expect(normalized.magnitude.shape).toEqual([3, 1, 1, 1]);
    expect(compare('y', normalized.forward(picture), convolution.forward(picture)).passed).toBe(true);
  });
});

describe('SpectralNorm', () => {
  test('has a largest singular value of 1', () => {
    const layer = new SpectralNorm(new Dense(6, 4, options), { ...options, powerIterations: 50 });
    // The largest |W x| of many x of length 1.
    const x = random.normal([20000, 6], { dtype: 'float64' });
    const y = (layer.forward(x) as Tensor).sub(layer.layer.bias as Tensor) as Tensor;
    const factors = (y.norm(-1) as Tensor).div(x.norm(-1) as Tensor) as Tensor;
    expect(factors.max().item()).toBeLessThanOrEqual(1 + 1e-12);
    expect(factors.max().item()).toBeGreaterThan(0.97);
  });

  test('goes on with its iteration while training alone, and allows several passes before a sweep', () => {
    const layer = new SpectralNorm(new Dense(6, 4, { random }), { random });
    const losses = [1, 2].map(() => (layer.forward(ones([1, 6])) as Tensor).sum());
    expect(losses.map((loss) => loss.backward().has(layer.layer.weight))).toEqual([true, true]);
    layer.eval();
    const before = layer.left.toArray();
    layer.forward(ones([1, 6]));
    expect(layer.left.toArray()).toEqual(before);
  });
});

test.each<[string, () => unknown, new (...args: never[]) => Error, string]>([
  [
    'no weight',
    () => new WeightNorm(new Dropout(0.5, { random })),
    ArgumentError,
    "Dropout(0.5) has no parameter 'weight'",
  ],
  [
    'a vector',
    () => new SpectralNorm(new Dense(4, 3), { name: 'bias' }),
    ShapeError,
    'of two axes or more, got shape [3]',
  ],
  ['an axis', () => new WeightNorm(new Dense(4, 3), { axis: 2 }), ArgumentError, 'WeightNorm: axis 2 is out of range'],
  [
    'iterations',
    () => new SpectralNorm(new Dense(4, 3), { powerIterations: 0 }),
    ArgumentError,
    'power iterations is 0',
  ],
  ['eps', () => new SpectralNorm(new Dense(4, 3), { eps: 0 }), ArgumentError, 'SpectralNorm: eps is 0'],
  ['magnitudes', () => weightNorm(zeros([4, 3]), ones([3]), 1), ShapeError, 'magnitudes of shape [1, 3], got [3]'],
])('refuses %s', (_, run, kind, message) => {
  expect(run).toThrow(kind);
  expect(run).toThrow(message);
});
