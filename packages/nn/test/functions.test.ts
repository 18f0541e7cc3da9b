/** Compares activations and losses with stored PyTorch values (data/make_functions.py) and with central differences. */

import { readFileSync } from 'node:fs';
import { type DType, gelu, leakyRelu, Random, type Shape, type Tensor, tensor } from '@tapegrad/core';
import {
  binaryCrossEntropy,
  cosineEmbedding,
  crossEntropy,
  ctc,
  dense,
  ELU,
  GELU,
  gaussianNll,
  Hardtanh,
  hinge,
  huber,
  Identity,
  init,
  klDivergence,
  LeakyReLU,
  l1,
  mse,
  multiLabelMargin,
  multiMargin,
  nll,
  poissonNll,
  ReLU,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  sigmoidFocal,
  smoothL1,
  softmaxFocal,
  Tanh,
  tripletMargin,
} from '@tapegrad/nn';
import { gradcheck } from '@tapegrad/verify';

import { describe, expect, test } from 'vitest';

interface Values {
  readonly shape: Shape;
  readonly data: readonly number[];
}

interface Case {
  readonly call: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: readonly (Values & { readonly dtype: DType })[];
  readonly value: Values;
  readonly gradients: readonly (readonly number[])[];
}

const stored = JSON.parse(readFileSync(new URL('data/functions.json', import.meta.url), 'utf8')) as {
  readonly gains: Readonly<Record<init.Nonlinearity, number>>;
  readonly cases: readonly Case[];
};

type Call = (inputs: readonly Tensor[], options: Record<string, never>) => Tensor;

// biome-ignore format: one line a function
const calls: Readonly<Record<string, readonly Call[]>> = {
  leakyRelu: [([x], { slope }) => leakyRelu(x!, slope), ([x], { slope }) => new LeakyReLU(slope).forward(x!)],
  gelu: [([x], options) => gelu(x!, options), ([x], options) => new GELU(options).forward(x!)],
  elu: [([x], { alpha }) => new ELU(alpha).forward(x!)],
  selu: [([x]) => new SELU().forward(x!)],
  silu: [([x]) => new SiLU().forward(x!)],
  hardtanh: [([x], { low, high }) => new Hardtanh(low, high).forward(x!)],
  relu: [([x]) => new ReLU().forward(x!)],
  tanh: [([x]) => new Tanh().forward(x!)],
  sigmoid: [([x]) => new Sigmoid().forward(x!)],
  softplus: [([x]) => new Softplus().forward(x!)],
  identity: [([x]) => new Identity().forward(x!)],
  softmax: [([x], { axis }) => new Softmax(axis).forward(x!)],
  dense: [([x, w, b]) => dense(x!, w!, b)],
  mse: [([p, t], options) => mse(p!, t!, options)],
  l1: [([p, t], options) => l1(p!, t!, options)],
  huber: [([p, t], options) => huber(p!, t!, options)],
  hinge: [([p, t], options) => hinge(p!, t!, options)],
  binaryCrossEntropy: [([x, t], options) => binaryCrossEntropy(x!, t!, options)],
  crossEntropy: [([x, t], options) => crossEntropy(x!, t!, options)],
  smoothL1: [([p, t], options) => smoothL1(p!, t!, options)],
  gaussianNll: [([p, t, v], options) => gaussianNll(p!, t!, v!.mul(v!).add(0.1), options)],
  poissonNll: [([p, t], options) => poissonNll(options.logInput ? p! : p!.mul(p!).add(0.5), t!, options)],
  klDivergence: [([x, t], options) => klDivergence(x!, t!, options)],
  sigmoidFocal: [([x, t], options) => sigmoidFocal(x!, t!, options)],
  binaryCrossEntropyWeighted: [([x, t, w], options) => binaryCrossEntropy(x!, t!, { ...options, posWeight: w! })],
  crossEntropyWeighted: [([x, t, w], options) => crossEntropy(x!, t!, { ...options, weight: w! })],
  nll: [([x, t], options) => nll(x!, t!, options)],
  nllWeighted: [([x, t, w], options) => nll(x!, t!, { ...options, weight: w! })],
  softmaxFocalWeighted: [([x, t, w], options) => softmaxFocal(x!, t!, { ...options, weight: w! })],
  multiMargin: [([x, t], options) => multiMargin(x!, t!, options)],
  multiMarginWeighted: [([x, t, w], options) => multiMargin(x!, t!, { ...options, weight: w! })],
  multiLabelMargin: [([x, t], options) => multiLabelMargin(x!, t!, options)],
  cosineEmbedding: [([a, b, y], options) => cosineEmbedding(a!, b!, y!, options)],
  tripletMargin: [([a, p, n], options) => tripletMargin(a!, p!, n!, options)],
  ctc: [([x, t, n, m], options) => ctc(x!.logSoftmax(2), t!, n!, m!, options)],
};

function expectClose(actual: Tensor, expected: readonly number[], tolerance: number): void {
  const { data } = actual;
  const close = (number: number, i: number) => Math.abs(data[i]! - number) <= tolerance * Math.max(1, Math.abs(number));
  if (data.length !== expected.length || !expected.every(close)) expect([...data]).toEqual(expected);
}

const title = ({ call, options, inputs }: Case): string => {
  const shapes = inputs.map(({ dtype, shape }) => `${dtype} [${shape}]`).join(', ');
  return `${call} ${JSON.stringify(options)} of ${shapes}`;
};

describe.each(stored.cases.map((example) => [title(example), example] as const))('%s', (_, example) => {
  const { call, inputs, value, gradients, options } = example;
  const run = calls[call]!;

  test.each([
    ['float64', 1e-12],
    ['float32', 2e-5],
  ] as const)('is PyTorch’s in %s', (dtype, tolerance) => {
    for (const f of run) {
      const x = inputs.map(({ shape, data, dtype: stored }, i) => {
        const own = stored === 'int32' ? stored : dtype;
        return tensor(Float64Array.from(data), { shape, dtype: own, requiresGrad: i < gradients.length });
      });
      const y = f(x, options as never);
      expect(y.shape).toEqual(value.shape);
      expect(y.dtype).toBe(dtype);
      expectClose(y, value.data, tolerance);
      const weights = Float64Array.from(value.data, (_, i) => (-1) ** i / (i + 1));
      const found = y.backward({ seed: tensor(weights, { shape: value.shape, dtype }) });
      gradients.forEach((gradient, i) => {
        expectClose(found.of(x[i]!), gradient, tolerance);
      });
    }
  });
});

// One reduction per loss is enough.
const once = stored.cases.filter(({ options: { reduction = 'mean' } }) => reduction === 'mean');

test.each(once.map((example) => [title(example), example] as const))(
  '%s has the gradients of its central differences, to second order',
  (_, { call, inputs, gradients, options }) => {
    const random = new Random(3);
    const own = gradients.map((_, i) => random.normal(inputs[i]!.shape, { dtype: 'float64' }));
    const others = inputs
      .slice(own.length)
      .map(({ shape, data, dtype }) => tensor(Float64Array.from(data), { shape, dtype }));
    for (const f of calls[call]!) {
      const { worst, passed } = gradcheck((...x) => f([...x, ...others], options as never), own, { order: 2 });
      expect(passed, JSON.stringify(worst)).toBe(true);
    }
  },
);

test.each(Object.entries(stored.gains))('the gain of %s is PyTorch’s', (nonlinearity, gain) => {
  expect(init.gain(nonlinearity as init.Nonlinearity)).toBeCloseTo(gain, 14);
});
