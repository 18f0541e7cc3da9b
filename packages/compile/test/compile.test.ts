import { parameter, Random, type Tensor, tensor } from '@tapegrad/core';
import { crossEntropy, Dense, ReLU, Sequential } from '@tapegrad/nn';
import { Adam, SGD } from '@tapegrad/optim';
import { expect, test } from 'vitest';
import { compile } from '../src/index.ts';

const network = () => {
  const random = new Random(42);
  return new Sequential(new Dense(4, 8, { random }), new ReLU(), new Dense(8, 3, { random }));
};

const batches = () => {
  const random = new Random(7);
  return Array.from({ length: 5 }, () => [random.normal([16, 4]), random.integers([16], 0, 3)] as const);
};

test.each([
  ['SGD', (model: ReturnType<typeof network>) => new SGD(model.parameters(), { learningRate: 0.1, momentum: 0.9 })],
  ['Adam', (model: ReturnType<typeof network>) => new Adam(model.parameters(), { learningRate: 0.1 })],
])('a training step has the bits of the eager one: %s', (_, optimizerOf) => {
  const run = (wrap: <F extends (...args: never[]) => unknown>(f: F) => F) => {
    const model = network();
    const optimizer = optimizerOf(model);
    const step = wrap((x: Tensor<readonly [16, 4]>, y: Tensor<readonly [16]>) =>
      optimizer.minimize(() => crossEntropy(model.forward(x), y)),
    );
    const losses = batches().map(([x, y], i) => {
      optimizer.learningRate = 0.1 / (i + 1);
      return step(x, y).item();
    });
    return { losses, parameters: model.parameters().map((w) => w.toArray()), state: optimizer.state() };
  };
  expect(run(compile)).toEqual(run((f) => f));
});

test('reads elements', () => {
  const w = parameter(tensor([1, 2]));
  const f = compile((x: Tensor<readonly [2]>) => (w.mul(x).sum().item() > 0 ? w : x));
  expect(() => f(tensor([1, 2]))).toThrow(/reads elements/);
});
