/** Derived formulas equal the tape's gradients for every program: tested on layers, losses and functions. */

import * as core from '@tapegrad/core';
import { derive } from '@tapegrad/formulas';
import { expect, test } from 'vitest';
import * as nn from '../../nn/src/index.ts';

type Tensor = core.Tensor;

const dtype = 'float64';
const random = new core.Random(3);
const own = { dtype, random } as const;
const data = (...shape: number[]): Tensor => random.normal(shape, { dtype });
const int = (...elements: number[]): Tensor => core.tensor(elements, { dtype: 'int32' });

const [x, w, image, rows, sequences] = [
  data(4, 3),
  core.parameter(data(3, 3)),
  data(2, 2, 6, 6),
  data(2, 3, 4),
  data(3, 2, 3),
];
const labels = int(0, 2, 1, 1);
const product = (): Tensor => x.matmul(w);

/** A loss as a function of a model's output. */
const of =
  (model: { forward: (x: never) => unknown }, input: Tensor): (() => Tensor) =>
  () => {
    const output = model.forward(input as never) as Tensor | { readonly output: Tensor };
    return core.square(output instanceof core.Tensor ? output : output.output).mean();
  };
const convolution = new nn.Conv2d(2, 3, 3, own);

const layers: Readonly<Record<string, () => Tensor>> = {
  'strided convolution': of(new nn.Conv2d(2, 3, 3, { ...own, stride: 2, padding: 1 }), image),
  'grouped convolution': of(new nn.Conv2d(2, 4, 3, { ...own, groups: 2 }), image),
  'transposed convolution': of(
    new nn.Sequential(new nn.Conv2d(2, 2, 3, own), new nn.ConvTranspose2d(2, 3, 3, { ...own, stride: 2 })),
    image,
  ),
  'max pooling': of(
    new nn.Sequential(convolution, new nn.ReLU(), new nn.MaxPool2d(2), new nn.Flatten(), new nn.Dense(12, 2, own)),
    image,
  ),
  'average pooling': of(new nn.Sequential(convolution, new nn.AvgPool2d(2)), image),
  'batch normalisation': of(new nn.Sequential(convolution, new nn.BatchNorm2d(3, { dtype }), new nn.ReLU()), image),
  'group normalisation': of(new nn.Sequential(new nn.Conv2d(2, 4, 3, own), new nn.GroupNorm(2, 4, { dtype })), image),
  'root mean squares': of(new nn.Sequential(new nn.Dense(3, 4, own), new nn.RMSNorm(4, { dtype })), x),
  'gated recurrence': of(new nn.GRU(3, 2, own), sequences),
  recurrence: of(new nn.RNN(3, 2, own), sequences),
  'both directions': of(new nn.LSTM(3, 2, { ...own, bidirectional: true }), sequences),
  transformer: of(new nn.TransformerEncoderLayer(4, 2, { ...own, dropout: 0 }), rows),
  'normalised weight': of(new nn.WeightNorm(new nn.Dense(3, 2, own)), x),
};

const losses: Readonly<Record<string, () => Tensor>> = {
  huber: () => nn.huber(product(), x),
  smoothL1: () => nn.smoothL1(product(), x),
  l1: () => nn.l1(product(), x),
  'probabilities as targets': () => nn.crossEntropy(product(), x.softmax(1)),
  'smoothed labels': () => nn.crossEntropy(product(), labels, { labelSmoothing: 0.1 }),
  'weighted classes': () => nn.crossEntropy(product(), labels, { weight: core.tensor([1, 2, 3], { dtype }) }),
  'ignored labels': () => nn.crossEntropy(product(), labels, { ignoreIndex: 2 }),
  nll: () => nn.nll(product().logSoftmax(1), labels),
  softmaxFocal: () => nn.softmaxFocal(product(), labels),
  gaussianNll: () => nn.gaussianNll(product(), x, product().exp()),
};

const functions: Readonly<Record<string, () => Tensor>> = {
  distances: () => core.cosineSimilarity(product(), x).mean().add(core.cdist(product(), x).sum()),
  checkpoint: () => core.square(core.checkpoint((z: Tensor) => z.matmul(w).tanh().matmul(w))(x)).sum(),
  vmap: () =>
    core
      .vmap((row: Tensor) => core.square(w.matmul(row)).sum())(x)
      .sum(),
  'linear algebra': () => core.inverse(w).sum().add(core.det(w)).add(core.svdvals(w).sum()),
  products: () => product().prod(1).sum().add(core.cumprod(product(), 1).sum()),
  order: () => core.sort(product(), 1).mul(x).sum().add(core.topk(product(), 2).values.sum()),
  choice: () => product().greater(0).where(product().exp(), product().mul(2)).sum(),
  bounds: () => core.clamp(product(), -1, 1).mul(x).sum().add(product().minimum(x).maximum(x.neg()).sum()),
  powers: () => product().abs().pow(w.abs().sum(0)).sum(),
  angles: () =>
    core
      .atan2(product(), x)
      .add(core.remainder(product(), w.sum(0)))
      .sum(),
  spread: () => core.std(product(), 0).sum().add(product().variance(1).sum()).add(product().norm()),
  arrangement: () =>
    core
      .concat([product(), core.roll(product(), 1, 0)], 1)
      .flip(0)
      .pad([
        [1, 1],
        [0, 2],
      ])
      .exp()
      .sum(),
  matrices: () =>
    core
      .tril(w)
      .sum()
      .add(core.trace(w.matmul(w)))
      .add(core.kron(w, w).sum()),
  activations: () =>
    [core.gelu(product()), core.gelu(product(), { approximate: 'tanh' }), core.selu(product()), core.silu(product())]
      .reduce((a, b) => a.add(b))
      .sum(),
  axes: () =>
    core
      .swapaxes(product().reshape([2, 2, 3]), 0, 2)
      .mul(2)
      .exp()
      .sum(),
  gather: () =>
    product()
      .gather(labels.reshape([4, 1]), 1)
      .sum(),
  'shared weight': () => core.square(product().tanh().matmul(w.transpose())).sum(),
  number: () => w.sum().exp(),
  'second order': () => {
    const gradients = product().tanh().sum().backward({ createGraph: true });
    return core.square(gradients.of(w)).sum();
  },
};

test.each(Object.entries({ ...layers, ...losses, ...functions }))('%s', (_name, program) => {
  const derivation = derive(program, { names: { X: x, W: w } });
  expect(derivation.trial().formulas.filter(({ holds }) => !holds)).toEqual([]);
  expect(derivation.formulas.some(({ kind }) => kind === 'gradient')).toBe(true);
  // Formulas contain no NaN, `undefined` or `[object Object]`.
  expect(`${derivation.text}${derivation.latex}`).not.toMatch(/NaN|undefined|\[object/);
});

test('single precision is held to its own digits', () => {
  const [a, b] = [
    core.tensor([
      [1, 2],
      [3, 4],
    ]),
    core.parameter(core.tensor([[0.1], [0.7]])),
  ];
  expect(derive(() => a.matmul(b).sigmoid().log().mean()).trial().holds).toBe(true);
});
