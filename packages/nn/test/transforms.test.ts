/** Layers as functions of their parameters, under `vmap` and `grad`: the results are those of each example on its own. */

import { type DType, grad, jvp, Random, type Shape, stack, type Tensor, vmap, zeros } from '@tapegrad/core';
import {
  BatchNorm1d,
  crossEntropy,
  Dense,
  Embedding,
  GELU,
  GRU,
  GroupNorm,
  LayerNorm,
  LSTM,
  type Module,
  MultiHeadAttention,
  mse,
  RMSNorm,
  Sequential,
  SpectralNorm,
  Tanh,
  TransformerEncoderLayer,
} from '@tapegrad/nn';
import { expect, test } from 'vitest';

const random = new Random(2);
const options = { random, dtype: 'float64' } as const;

interface LayerCase {
  readonly name: string;
  readonly layer: Module & { forward(x: never): unknown };
  /** A function of one example. */
  readonly shape: Shape;
  readonly dtype?: DType;
}

const named = (layer: LayerCase['layer'], shape: Shape, dtype?: DType): LayerCase => {
  return { name: layer.constructor.name, layer, shape, ...(dtype && { dtype }) };
};

const cases: readonly LayerCase[] = [
  named(new Dense(4, 3, options), [4]),
  named(new Sequential(new Dense(4, 3, options), new Tanh(), new Dense(3, 2, options), new GELU()), [5, 4]),
  named(new Embedding(7, 3, options), [5], 'int32'),
  named(new LayerNorm(4, options), [2, 4]),
  named(new RMSNorm(4, options), [4]),
  named(new GroupNorm(2, 4, options), [3, 4, 5]),
  named(new BatchNorm1d(4, { dtype: 'float64' }).eval(), [6, 4]),
  named(new SpectralNorm(new Dense(4, 3, options), { random }).eval(), [4]),
  named(new GRU(4, 3, options), [5, 2, 4]),
  named(new LSTM(4, 3, options), [5, 2, 4]),
  named(new MultiHeadAttention(4, 2, options), [5, 4]),
  named(new TransformerEncoderLayer(4, 2, options), [5, 4]),
];

/** Returns the first tensor in a layer's result. */
function firstOf(result: unknown): Tensor {
  const [first] = Array.isArray(result) ? result : [result];
  return (first.output ?? first) as Tensor;
}

test.each(cases)('$name', ({ layer, shape, dtype }) => {
  const x =
    dtype === 'int32' ? random.integers([3, ...shape], 0, 7) : random.normal([3, ...shape], { dtype: 'float64' });
  const parameters = Object.fromEntries(layer.namedParameters());
  const forward = (p: Readonly<Record<string, Tensor>>, x: Tensor): Tensor =>
    layer.withTensors(p, () => firstOf(layer.forward(x as never)));
  const loss = (p: Readonly<Record<string, Tensor>>, x: Tensor) => forward(p, x).pow(3).mean();

  const expectLoop = (actual: Tensor, f: (x: Tensor) => Tensor) => {
    const expected = stack(
      [0, 1, 2].map((i) => f(x.index(i))),
      0,
    );
    expect(actual.shape).toEqual(expected.shape);
    expect(actual.sub(expected).abs().max().item()).toBeLessThan(1e-12);
  };
  expectLoop(vmap((x: Tensor) => forward({}, x))(x), (x) => forward({}, x));
  const gradients = vmap(grad(loss), { inAxes: [null, 0] })(parameters, x);
  for (const path of Object.keys(parameters)) expectLoop(gradients[path]!, (x) => grad(loss)(parameters, x)[path]!);
  // Forward mode agrees with reverse mode.
  const along = Object.fromEntries(
    Object.entries(parameters).map(([path, p]) => [path, random.normal(p.shape, { dtype: 'float64' })]),
  );
  const [, tangent] = jvp((p: typeof along) => loss(p, x.index(0)), [parameters], [along]);
  const slope = Object.keys(parameters).reduce(
    (sum, path) => sum + gradients[path]!.index(0).mul(along[path]!).sum().item(),
    0,
  );
  expect(tangent.item()).toBeCloseTo(slope, 10);
});

test('losses with labels of each example’s own', () => {
  const logits = random.normal([3, 2, 4], { dtype: 'float64' });
  const labels = random.integers([3, 2], 0, 4);
  const each = vmap((x: Tensor, y: Tensor) => crossEntropy(x, y))(logits, labels);
  expect(each.toArray()).toEqual([0, 1, 2].map((i) => crossEntropy(logits.index(i), labels.index(i)).item()));
  expect(() => vmap((x: Tensor, y: Tensor) => crossEntropy(x, y))(logits, labels.add(9))).toThrow('is out of range');
  expect(vmap((x: Tensor) => mse(x, zeros([2, 4], { dtype: 'float64' })))(logits).shape).toEqual([3]);
});

test('running statistics of one example can’t be kept', () => {
  const layer = new BatchNorm1d(4);
  expect(() => vmap((x: Tensor) => layer.forward(x as never) as Tensor)(zeros([2, 3, 4]))).toThrow(
    'BatchNorm1d: inside vmap, each example has statistics of its own',
  );
  expect(layer.state()).toEqual(new BatchNorm1d(4).state());
});
