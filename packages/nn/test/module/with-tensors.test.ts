/** Other tensors in place of the state of layers: buffers, computed weights, and rows with a maximum norm. */

import {
  ArgumentError,
  buffer,
  grad,
  ones,
  parameter,
  Random,
  stack,
  type Tensor,
  tensor,
  vmap,
  zeros,
} from '@tapegrad/core';
import { BatchNorm1d, BatchNorm2d, Dense, Embedding, ReLU, Sequential, SpectralNorm } from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';

const random = new Random(5);
const double = { dtype: 'float64' } as const;
const x = random.normal([6, 3], double);

describe('batch normalisation', () => {
  test('in evaluation is a function of its statistics', () => {
    const layer = new BatchNorm1d(3, double).eval();
    const loss = (runningMean: Tensor, runningVariance: Tensor) =>
      layer.withTensors({ runningMean, runningVariance }, () => (layer.forward(x) as Tensor).pow(2).sum());
    const [mean, variance] = [random.normal([3], double), random.uniform([3], { low: 0.5, high: 2, ...double })];
    // y = (x - m) / sqrt(v + eps)
    const byMean = x.sub(mean).div(variance.add(1e-5)).mul(-2).sum(0) as Tensor;
    const byVariance = x.sub(mean).pow(2).div(variance.add(1e-5).pow(2)).neg().sum(0) as Tensor;
    const gradients = grad(loss, { argument: [0, 1] })(mean, variance);
    expect(gradients[0].sub(byMean).abs().max().item()).toBeLessThan(1e-12);
    expect(gradients[1].sub(byVariance).abs().max().item()).toBeLessThan(1e-12);
  });

  test.each(['runningMean', 'runningVariance', 'batchCount'] as const)(
    'in training says that %s is to be changed, and changes nothing',
    (field) => {
      const layer = new BatchNorm1d(3, double);
      const before = layer.state();
      const run = () => layer.withTensors({ [field]: layer[field]!.detach() }, () => layer.forward(x));
      expect(run).toThrow(ArgumentError);
      expect(run).toThrow(
        `BatchNorm1d: ${field} cannot be changed, because a tensor replaces it; ` +
          `call eval(), or replace it by a buffer: { ${field}: buffer(x) }`,
      );
      expect(layer.state()).toEqual(before);
    },
  );

  test('in training changes the buffers that stand for its own', () => {
    const [layer, expected] = [new BatchNorm1d(3, double), new BatchNorm1d(3, double)];
    const before = layer.state();
    const buffers = {
      runningMean: buffer(zeros([3], double)),
      runningVariance: buffer(ones([3], double)),
      batchCount: buffer(tensor(0, { dtype: 'int32' })),
    };
    const y = layer.withTensors(buffers, () => layer.forward(x));
    expect(y.toArray()).toEqual(expected.forward(x).toArray());
    expect(layer.state()).toEqual(before);
    for (const name of ['runningMean', 'runningVariance', 'batchCount'] as const) {
      expect(buffers[name].toArray()).toEqual(expected[name]!.toArray());
    }
  });

  test('in training is a function of its parameters', () => {
    const layer = new BatchNorm1d(3, double);
    const loss = (weight: Tensor) => layer.withTensors({ weight }, () => (layer.forward(x) as Tensor).pow(3).sum());
    const w = layer.weight as Tensor;
    const expected = (new BatchNorm1d(3, double).forward(x) as Tensor).pow(3).sum(0).mul(3) as Tensor;
    expect(grad(loss)(w.detach()).sub(expected).abs().max().item()).toBeLessThan(1e-12);
  });

  test('inside vmap is refused by its name and path, with the mend', () => {
    const model = new Sequential(
      new Dense(3, 4, { random, ...double }),
      new Sequential(new BatchNorm1d(4, double), new ReLU()),
    );
    const before = model.state();
    const run = () =>
      vmap((batch: Tensor) => model.forward(batch as never) as Tensor)(random.normal([2, 5, 3], double));
    expect(run).toThrow(ArgumentError);
    expect(run).toThrow(
      'BatchNorm1d: inside vmap, each example has statistics of its own, which cannot be stored; ' +
        'call eval(), or make the layer with { trackRunningStatistics: false } (in layer 1.0, BatchNorm1d(4))',
    );
    expect(model.state()).toEqual(before);
  });

  test('inside vmap normalises each example where it keeps no statistics', () => {
    const layer = new BatchNorm2d(2, { trackRunningStatistics: false, ...double });
    const batches = random.normal([3, 4, 2, 5, 5], double);
    const all = vmap((batch: Tensor) => layer.forward(batch as never) as Tensor)(batches);
    const expected = stack(
      [0, 1, 2].map((i) => layer.forward(batches.index(i))),
      0,
    );
    expect(all.sub(expected).abs().max().item()).toBeLessThan(1e-12);
  });

  test('inside vmap has a mean for each example in evaluation', () => {
    const layer = new BatchNorm1d(3, double).eval();
    const means = random.normal([2, 3], double);
    const f = (runningMean: Tensor) => layer.withTensors({ runningMean }, () => layer.forward(x) as Tensor);
    const expected = stack(
      [0, 1].map((i) => f(means.index(i))),
      0,
    );
    expect(vmap(f)(means).sub(expected).abs().max().item()).toBeLessThan(1e-12);
  });
});

describe('spectral normalisation', () => {
  const make = () => new SpectralNorm(new Dense(3, 4, { random: new Random(1), ...double }), { random: new Random(2) });

  test('in training is a function of its weight', () => {
    const [layer, other] = [make(), make()];
    const loss = (weight: Tensor) =>
      layer.withTensors({ 'layer.weight': weight }, () => (layer.forward(x) as Tensor).pow(2).sum());
    const expected = (other.forward(x) as Tensor).pow(2).sum().backward().of(other.layer.weight) as Tensor;
    const found = grad(loss)(layer.layer.weight.detach());
    expect((found as Tensor).sub(expected).abs().max().item()).toBeLessThan(1e-12);
    expect(layer.left.toArray()).toEqual(other.left.toArray());
  });

  test('in training says that a vector is to be changed, and changes a buffer', () => {
    const layer = make();
    const before = layer.state();
    expect(() => layer.withTensors({ left: layer.left.detach() }, () => layer.forward(x))).toThrow(
      'SpectralNorm: left cannot be changed, because a tensor replaces it; call eval(), or replace it by a buffer',
    );
    const [left, right] = [buffer(layer.left.detach()), buffer(layer.right.detach())];
    layer.withTensors({ left, right, 'layer.weight': random.normal([3, 4], double) }, () => layer.forward(x));
    expect(layer.state()).toEqual(before);
    expect(left.toArray()).not.toEqual(layer.left.toArray());
  });

  test('inside vmap has its weight for each example in evaluation alone', () => {
    const layer = make();
    const weights = random.normal([2, 3, 4], double);
    const f = (weight: Tensor) => layer.withTensors({ 'layer.weight': weight }, () => layer.forward(x) as Tensor);
    expect(() => vmap(f)(weights)).toThrow(
      'SpectralNorm: inside vmap, each example has a weight of its own, which cannot be stored; call eval()',
    );
    layer.eval();
    const expected = stack(
      [0, 1].map((i) => f(weights.index(i))),
      0,
    );
    expect(vmap(f)(weights).sub(expected).abs().max().item()).toBeLessThan(1e-12);
  });
});

test('an embedding that shortens its rows needs a parameter to shorten', () => {
  const layer = new Embedding(3, 2, { maxNorm: 1, random });
  const indices = tensor([0, 2], { dtype: 'int32' });
  const weight = ones([3, 2]);
  expect(() => layer.withTensors({ weight }, () => layer.forward(indices))).toThrow(
    'Embedding: weight cannot be changed, because a tensor replaces it',
  );
  const own = parameter(weight);
  const y = layer.withTensors({ weight: own }, () => layer.forward(indices)) as Tensor;
  expect((y.norm(1) as Tensor).max().item()).toBeLessThanOrEqual(1);
  expect((own.norm(1) as Tensor).toArray()).not.toEqual((weight.norm(1) as Tensor).toArray());
});

describe('tensors by path', () => {
  test.each([undefined, null, 1])('are not %s', (tensors) => {
    expect(() => new Dense(1, 1, { random }).withTensors(tensors as never, () => 1)).toThrow(
      `withTensors: expected tensors by path, { weight: w }, got ${tensors}`,
    );
  });

  test('are tensors', () => {
    expect(() => new Dense(1, 1, { random }).withTensors({ bias: 1 as never }, () => 1)).toThrow(
      "withTensors: 'bias': expected a tensor, got 1",
    );
  });

  test('are found under any path of what has several, and are one', () => {
    const shared = new Dense(2, 2, { random });
    const model = new Sequential(shared, new ReLU(), shared);
    const [one, other] = [ones([2, 2]), zeros([2, 2])];
    expect(model.withTensors({ '2.weight': one }, () => shared.weight)).toBe(one);
    expect(model.withTensors({ '0.weight': one, '2.weight': one }, () => shared.weight)).toBe(one);
    expect(() => model.withTensors({ '0.weight': one, '2.weight': other }, () => 1)).toThrow(
      "withTensors: '2.weight' is another path of '0.weight', which is replaced by a different tensor",
    );
  });
});
