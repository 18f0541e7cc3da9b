/** Layers with a normalised weight: PyTorch's values (data/make_weight_norms.py), and the effect on the layer. */

import { ArgumentError, ones, Random, ShapeError, svd, type Tensor, zeros } from '@tapegrad/core';
import {
  Conv2d,
  ConvTranspose1d,
  ConvTranspose2d,
  Dense,
  type DenseOptions,
  Dropout,
  Embedding,
  GRUCell,
  init,
  type Layer,
  Sequential,
  SpectralNorm,
  type SpectralNormOptions,
  WeightNorm,
  type WeightNormOptions,
  weightNorm,
} from '@tapegrad/nn';
import { compare } from '@tapegrad/verify';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { describeStored } from '../stored.ts';

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
    // The largest |W x| for many unit vectors x.
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

describe('weights of zeros', () => {
  const x = random.normal([2, 4], { dtype: 'float64' });
  const columnOfZeros = (): Dense<4, 3> => {
    const layer = new Dense(4, 3, options);
    layer.weight.update((elements) => {
      for (let i = 1; i < elements.length; i += 3) elements[i] = 0;
    });
    return layer;
  };

  test('WeightNorm keeps an output of zeros, with finite gradients', () => {
    const inner = columnOfZeros();
    const layer = new WeightNorm(inner);
    expect(compare('y', layer.forward(x), inner.forward(x)).passed).toBe(true);
    const gradients = layer.forward(x).tanh().sum().backward();
    for (const parameter of layer.parameters())
      expect([...gradients.of(parameter).data].every(Number.isFinite)).toBe(true);
    // With a magnitude, it has a gradient by which it grows.
    layer.magnitude.update((elements) => elements.fill(1));
    const [grown] = [layer.forward(x).sum().backward().of(inner.weight) as Tensor];
    expect((grown!.slice(1, 1, 2) as Tensor).abs().min().item()).toBeGreaterThan(0);
    const direction = zeros([4, 3], { dtype: 'float64' });
    expect(weightNorm(direction, ones([1, 3], { dtype: 'float64' }), 1).toArray()).toEqual(direction.toArray());
  });

  test('WeightNorm refuses a layer that it could never train', () => {
    const layer = new Dense(4, 3, { ...options, init: init.zeros() });
    expect(() => new WeightNorm(layer)).toThrow(ArgumentError);
    expect(() => new WeightNorm(layer)).toThrow(
      'WeightNorm: Dense(4, 3) has a weight of zeros, which has no direction',
    );
  });

  test('SpectralNorm takes one as it is, and follows it when it has grown', () => {
    for (const value of [0, 1e-20]) {
      const inner = new Dense(4, 3, { ...options, init: init.constant(value) });
      const layer = new SpectralNorm(inner, options);
      expect(layer.forward(x).toArray()).toEqual(inner.forward(x).toArray());
      const gradient = layer.forward(x).sum().backward().of(inner.weight) as Tensor;
      expect(compare('dW', gradient, inner.forward(x).sum().backward().of(inner.weight) as Tensor).passed).toBe(true);
      inner.weight.update((elements) => elements.set(random.normal([12], { dtype: 'float64' }).data));
      for (let i = 0; i < 100; i++) layer.forward(x);
      const { s } = svd(inner.weight);
      const own = (layer.forward(x).sub(inner.bias!) as Tensor).div(x.matmul(inner.weight) as Tensor) as Tensor;
      expect(own.max().item()).toBeCloseTo(1 / s.max().item(), 6);
    }
  });

  test('SpectralNorm with one column of zeros is finite', () => {
    const layer = new SpectralNorm(columnOfZeros(), { ...options, powerIterations: 30 });
    const gradients = layer.forward(x).tanh().sum().backward();
    for (const parameter of layer.parameters())
      expect([...gradients.of(parameter).data].every(Number.isFinite)).toBe(true);
  });
});

describe('the axis', () => {
  test.each<[string, Layer, string, number, number]>([
    ['Dense', new Dense(4, 3), 'weight', 3, 3],
    ['Conv2d', new Conv2d(2, 5, 3), 'weight', 5, 5],
    ['ConvTranspose1d', new ConvTranspose1d(3, 8, 2), 'weight', 8, 3],
    ['ConvTranspose2d', new ConvTranspose2d(3, 8, 2), 'weight', 8, 3],
    ['Embedding', new Embedding(7, 3), 'weight', 7, 7],
    ['GRUCell', new GRUCell(3, 2), 'weightHh', 6, 6],
  ])('of %s is that of its outputs, and for WeightNorm PyTorch’s', (_, layer, name, outputs, lengths) => {
    expect(new SpectralNorm(layer, { name, random }).left.shape).toEqual([outputs]);
    expect(new WeightNorm(layer, { name }).magnitude.size).toBe(lengths);
    expect(new SpectralNorm(layer, { name, axis: 1, random }).left.size).toBe(
      (Reflect.get(layer, name) as Tensor).shape[1],
    );
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
