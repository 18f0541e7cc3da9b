/**
 * Links of models: the paths of their layers, the names of their transitions, and delta_l compared with central
 * differences on A_l.
 */

import { Random, slice, type Tensor, tensor } from '@tapegrad/core';
import {
  AvgPool2d,
  binaryCrossEntropy,
  Conv1d,
  Conv2d,
  ConvTranspose1d,
  cosineEmbedding,
  crossEntropy,
  ctc,
  Dense,
  Dropout,
  dense,
  ELU,
  Flatten,
  GELU,
  GRU,
  gaussianNll,
  Hardtanh,
  hinge,
  huber,
  Identity,
  klDivergence,
  type Layer,
  LeakyReLU,
  LSTM,
  l1,
  MaxPool2d,
  Module,
  MultiHeadAttention,
  mse,
  multiLabelMargin,
  multiMargin,
  nll,
  poissonNll,
  ReLU,
  RNN,
  SELU,
  Sequential,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  SpectralNorm,
  sigmoidFocal,
  smoothL1,
  softmaxFocal,
  Tanh,
  tripletMargin,
  WeightNorm,
} from '@tapegrad/nn';
import { centralDifferences, compare, links } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';

const random = new Random(5);
const options = { random, dtype: 'float64' } as const;
const x = random.normal([6, 4], { dtype: 'float64' });
const y = random.normal([6, 3], { dtype: 'float64' });
const labels = tensor([0, 2, 1, 1, 0, 2], { dtype: 'int32' });

/** Compares every link of a loss with central differences on A_l, and returns names and transitions. */
function describeLinks(model: Module, loss: Tensor): string[] {
  model.namedParameters();
  const found = links(loss);
  const gradients = loss.backward({ retainGraph: true });
  for (const { name, input, weight, preActivation, delta, weightGradient } of found) {
    const numeric = centralDifferences(loss, preActivation);
    const size = Math.max(...numeric.data.map(Math.abs));
    const error = Math.max(...delta.data.map((element, i) => Math.abs(element - numeric.data[i]!)));
    expect(error, name).toBeLessThan(1e-8 * size + 1e-11);
    if (weight.rank === 2 && weight.shape[0] === input.shape[1]) {
      const product = input.detach().transpose().matmul(delta);
      expect(compare(name, product, weightGradient).passed).toBe(true);
    }
    expect(gradients.has(weight)).toBe(true);
  }
  return found.map(({ name, transition }) => `${name}: ${transition}`);
}

describe('transitions by their modules', () => {
  const activations: readonly (readonly [name: string, layer: Layer])[] = [
    ['relu', new ReLU()],
    ['leakyRelu', new LeakyReLU(0.2)],
    ['elu', new ELU(0.5)],
    ['selu', new SELU()],
    ['silu', new SiLU()],
    ['clamp', new Hardtanh()],
    ['tanh', new Tanh()],
    ['sigmoid', new Sigmoid()],
    ['softplus', new Softplus()],
    ['softmax', new Softmax()],
    ['gelu', new GELU()],
    ['gelu', new GELU({ approximate: 'tanh' })],
    ['identity', new Identity()],
    ['mul → where', new Dropout(0.5, { random })],
  ];

  test.each(activations)('%s', (name, layer) => {
    const model = new Sequential(new Dense(4, 5, options), layer as Tanh, new Dense(5, 3, options));
    expect(describeLinks(model, mse(model.forward(x), y))).toEqual([`0: ${name}`, '2: identity']);
  });

  test.each(activations.slice(0, -1))('%s before the loss', (name, layer) => {
    const model = new Sequential(new Dense(4, 3, options), layer as Tanh);
    expect(describeLinks(model, mse(model.forward(x), y))).toEqual([`0: ${name}`]);
  });
});

test('layers with a computed weight', () => {
  const model = new Sequential(
    new Conv1d(1, 2, 3, { ...options, padding: 1 }),
    new WeightNorm(new Conv1d(2, 2, 3, { ...options, padding: 1 })),
    new Tanh(),
    new Flatten(),
    new SpectralNorm(new Dense(8, 5, options), { random }),
    new ReLU(),
    new WeightNorm(new Dense(5, 3, options)),
  );
  model.namedParameters();
  const loss = mse(model.forward(x.reshape([6, 1, 4]) as never), y);
  const found = links(loss);
  const names = found.map(({ name, transition }) => `${name}: ${transition}`);
  expect(names).toEqual(['0: identity', '1.layer: tanh', '4.layer: relu', '6.layer: identity']);
  const wanted = found.map(({ weight }) => weight);
  const gradients = loss.backward({ wanted });
  for (const { name, weight, weightGradient } of found) {
    expect(compare(name, gradients.of(weight), weightGradient).passed).toBe(true);
  }
});

describe('losses are no part of the last transition', () => {
  const signs = tensor(y.data.map(Math.sign), { shape: [6, 3] });
  const shares = y.softmax(1);
  const weight = tensor([1, 2, 0.5], { dtype: 'float64' });
  const lists = tensor([1, 2, -1, 1, 0, 2, 2, -1, 0, 1, 2, 0, 0, -1, 1, 1, 2, -1], { shape: [6, 3], dtype: 'int32' });
  const sides = tensor([1, -1, 1, -1, 1, 1], { dtype: 'float64' });
  const losses: readonly (readonly [name: string, transition: string, loss: (a: Tensor) => Tensor])[] = [
    ['mse', 'identity', (a) => mse(a, y)],
    ['l1', 'identity', (a) => l1(a, y)],
    ['huber', 'identity', (a) => huber(a, y)],
    ['hinge', 'identity', (a) => hinge(a, signs)],
    ['binaryCrossEntropy', 'identity', (a) => binaryCrossEntropy(a, shares)],
    ['binaryCrossEntropy, weighted', 'identity', (a) => binaryCrossEntropy(a, shares, { posWeight: weight })],
    ['smoothL1', 'identity', (a) => smoothL1(a, y)],
    ['gaussianNll', 'identity', (a) => gaussianNll(a, y, shares)],
    ['poissonNll', 'identity', (a) => poissonNll(a, shares)],
    ['klDivergence', 'logSoftmax', (a) => klDivergence(a.logSoftmax(1), shares)],
    ['nll', 'logSoftmax', (a) => nll(a.logSoftmax(1), labels)],
    ['sigmoidFocal', 'identity', (a) => sigmoidFocal(a, shares)],
    ['softmaxFocal', 'identity', (a) => softmaxFocal(a, labels)],
    ['multiMargin', 'identity', (a) => multiMargin(a, labels)],
    ['multiLabelMargin', 'identity', (a) => multiLabelMargin(a, lists)],
    ['cosineEmbedding', 'identity', (a) => cosineEmbedding(a, y, sides)],
    ['tripletMargin', 'identity', (a) => tripletMargin(a, y, shares)],
    ['ctc', 'logSoftmax', (a) => ctc(a.reshape([2, 3, 3]).logSoftmax(2), lists.reshape([2, 9]), [3, 3], [2, 1])],
    ['crossEntropy of labels, weighted', 'identity', (a) => crossEntropy(a, labels, { weight, ignoreIndex: 2 })],
    ['crossEntropy of labels', 'identity', (a) => crossEntropy(a, labels)],
    ['crossEntropy of labels, smoothed', 'identity', (a) => crossEntropy(a, labels, { labelSmoothing: 0.1 })],
    // Here the tape contains only log softmax and a product with the targets.
    ['crossEntropy of probabilities', 'logSoftmax', (a) => crossEntropy(a, shares)],
  ];

  test.each(losses)('%s', (_, transition, loss) => {
    const model = new Dense(4, 3, options);
    expect(describeLinks(model, loss(model.forward(x)))).toEqual([`layer 1: ${transition}`]);
  });
});

describe('convolutions', () => {
  const own = { random: new Random(6), dtype: 'float64' } as const;
  const pictures = own.random.normal([2, 2, 6, 6], { dtype: 'float64' });

  test('with poolings, to a dense layer', () => {
    const model = new Sequential(
      new Conv2d(2, 3, 3, { ...own, padding: 'same' }),
      new ReLU(),
      new MaxPool2d(2),
      new Conv2d(3, 4, 2, { ...own, bias: false }),
      new Tanh(),
      new AvgPool2d(2),
      new Flatten(),
      new Dense(4, 3, own),
    );
    const loss = crossEntropy(model.forward(pictures), tensor([2, 0], { dtype: 'int32' }));
    expect(describeLinks(model, loss)).toEqual(['0: relu → maxPool', '3: tanh → avgPool', '7: identity']);
    const found = links(loss);
    expect(found.map(({ weight }) => weight.shape)).toEqual([
      [3, 2, 3, 3],
      [4, 3, 2, 2],
      [4, 3],
    ]);
    expect(found.map(({ bias }) => bias)).toEqual([model.layers[0].bias, undefined, model.layers[7].bias]);
    expect(found[0]!.biasGradient!.shape).toEqual([3]);
    expect(found.map(({ delta }) => delta.shape)).toEqual([
      [2, 3, 6, 6],
      [2, 4, 2, 2],
      [2, 3],
    ]);
  });

  test('transposed, and of sequences', () => {
    const model = new Sequential(
      new Conv1d(2, 3, 3, { ...own, stride: 2, groups: 1 }),
      new Sigmoid(),
      new ConvTranspose1d(3, 2, 3, { ...own, stride: 2 }),
    );
    const sequences = own.random.normal([3, 2, 7], { dtype: 'float64' });
    expect(describeLinks(model, mse(model.forward(sequences) as Tensor, sequences as Tensor))).toEqual([
      '0: sigmoid',
      '2: identity',
    ]);
  });
});

describe('models', () => {
  class Residual extends Module {
    readonly inner = new Sequential(new Dense(4, 4, options), new Tanh(), new Dense(4, 4, { ...options, bias: false }));

    forward(z: Tensor): Tensor {
      return this.inner.forward(z).add(z).relu();
    }
  }

  test('modules within modules', () => {
    class Network extends Module {
      readonly blocks = [new Residual(), new Residual()];
      readonly head = new Dense(4, 3, options);

      forward(z: Tensor): Tensor {
        return this.head.forward(this.blocks.reduce((h, block) => block.forward(h), z));
      }
    }
    const model = new Network();
    expect(describeLinks(model, crossEntropy(model.forward(x), labels))).toEqual([
      'blocks.0.inner.0: tanh',
      'blocks.0.inner.2: add → relu',
      'blocks.1.inner.0: tanh',
      'blocks.1.inner.2: add → relu',
      'head: identity',
    ]);
  });

  test('weights that two layers share', () => {
    class Autoencoder extends Module {
      readonly code = new Dense(4, 2, options);

      forward(z: Tensor): Tensor {
        return dense(this.code.forward(z).tanh(), (this.code.weight as Tensor).transpose());
      }
    }
    const model = new Autoencoder();
    const loss = mse(model.forward(x), x);
    expect(describeLinks(model, loss)).toEqual(['code: tanh', 'code (2): identity']);
    const [encoder, decoder] = links(loss);
    const whole = loss.backward().of(model.code.weight) as Tensor;
    const parts = encoder!.weightGradient.add(decoder!.weightGradient);
    expect(compare('dW', whole, parts).passed).toBe(true);
  });

  test('a layer that is used twice', () => {
    const layer = new Dense(4, 4, options);
    const twice = layer.forward(layer.forward(x).relu()) as Tensor;
    expect(describeLinks(layer, mse(twice, x))).toEqual(['layer 1: relu', 'layer 2: identity']);
  });

  test('fifty layers', () => {
    const layers = Array.from({ length: 50 }, () => [new Dense(4, 4, options), new Tanh()]).flat() as Tanh[];
    const model = new Sequential(...(layers as [Tanh])) as unknown as Tanh;
    const expected = Array.from({ length: 50 }, (_, l) => `${2 * l}: tanh`);
    expect(describeLinks(model, mse(model.forward(x), x))).toEqual(expected);
  });

  test('sequences, a single point, and no batch', () => {
    const model = new Sequential(new Dense(4, 3, options), new Sigmoid());
    for (const shape of [[2, 5, 4], [1, 4], [4]]) {
      const loss = (model.forward(random.normal(shape, { dtype: 'float64' }) as never) as Tensor).sum();
      expect(describeLinks(model, loss)).toEqual(['0: sigmoid']);
      expect(links(loss)[0]!.input.shape).toEqual(shape);
    }
  });

  test('float32 links are float32', () => {
    const model = new Dense(4, 3, { random });
    const [link] = links(crossEntropy(model.forward(x.cast('float32')) as Tensor, labels));
    expect([link!.delta.dtype, link!.weightGradient.dtype, link!.biasGradient!.dtype]).toEqual(
      Array(3).fill('float32'),
    );
    expect(link!.bias).toBe(model.bias);
    expect(link!.weight).toBe(model.weight);
  });
});

describe('recurrence', () => {
  const sequences = random.normal([2, 3, 4], { dtype: 'float64' });

  test('a plain recurrent layer has a link for each step, with the whole pre-activation', () => {
    const model = new RNN(4, 5, options);
    model.namedParameters();
    const { output } = model.forward(sequences);
    const loss = output.mul(output).sum();
    const [projection, ...steps] = links(loss);
    expect([projection, ...steps].map((link) => `${link!.name}: ${link!.transition}`)).toEqual([
      'weightIhL0: unknown',
      'weightHhL0: tanh',
      'weightHhL0 (2): tanh',
      'weightHhL0 (3): tanh',
    ]);
    steps.forEach(({ preActivation, output: z, delta }, t) => {
      const rows = output.index(slice(), t);
      expect(compare('Z_t', rows, z!).passed).toBe(true);
      expect(compare('Z_t', rows, preActivation.tanh()).passed).toBe(true);
      // The projection's link has the steps as rows.
      expect(compare('delta_t', projection!.delta.slice(0, 2 * t, 2 * t + 2), delta).passed).toBe(true);
    });
  });

  test('attention: its projections say that their transitions are unknown', () => {
    const model = new MultiHeadAttention(4, 2, options);
    model.namedParameters();
    const output = model.forward(sequences) as Tensor;
    const found = links(output.mul(output).sum());
    expect(found.map(({ transition }) => transition)).toEqual(['unknown', 'unknown', 'unknown', 'identity']);
    for (const { untold } of found.slice(0, 3)) expect(untold).toMatch(/^'matmul' combines its pre-activation/);
  });

  test.each([new RNN(4, 5, options), new LSTM(4, 5, options), new GRU(4, 5, options)])('links of %s', (model) => {
    model.namedParameters();
    const { output } = (model as LSTM).forward(sequences);
    const loss = output.mul(output).sum();
    const found = links(loss);
    const whole = loss.backward({ retainGraph: true });
    const steps = found.filter(({ name }) => name.startsWith('weightHhL0'));
    expect(steps).toHaveLength(3);
    const transitions = { RNN: 'tanh', LSTM: 'sigmoid | sigmoid | tanh | sigmoid', GRU: 'unknown' };
    const expected = transitions[model.constructor.name as keyof typeof transitions];
    expect(steps.map(({ transition }) => transition)).toEqual(Array(3).fill(expected));
    for (const { name, preActivation, delta } of found) {
      const error = delta.sub(centralDifferences(loss, preActivation)).abs().max().item();
      expect(error, name).toBeLessThan(1e-9);
    }
    const sum = steps.map(({ weightGradient }) => weightGradient).reduce((a, b) => a.add(b));
    const { weightIhL0, weightHhL0 } = model.weights;
    expect(compare('dL/dW', whole.of(weightHhL0!), sum).passed).toBe(true);
    expect(compare('dL/dW', whole.of(weightIhL0!), found[0]!.weightGradient).passed).toBe(true);
  });
});
