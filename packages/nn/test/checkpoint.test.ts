/**
 * Parts of models as checkpoints: dropout repeats its draws, running statistics are updated once, a change of mode is
 * detected.
 */

import { checkpoint, Random, type Tensor } from '@tapegrad/core';
import { BatchNorm1d, Dense, Dropout, ReLU, Sequential, SpectralNorm } from '@tapegrad/nn';
import { expect, test } from 'vitest';

const x = new Random(5).normal([6, 4]);

/** Part of a model, with everything that a forward pass may change. */
function make() {
  const random = new Random(1);
  return new Sequential(
    new SpectralNorm(new Dense(4, 8, { random }), { random }),
    new BatchNorm1d(8),
    new ReLU(),
    new Dropout(0.5, { random }),
    new Dense(8, 3, { random }),
  );
}

/** Takes three steps of a model, part of which may be a checkpoint, and returns its state. */
function train(wrap: (f: (z: Tensor) => Tensor) => (z: Tensor) => Tensor) {
  const model = make();
  const forward = wrap((z) => model.forward(z as Tensor<readonly [number, 4]>));
  const gradients = [1, 2, 3].map((factor) => {
    const found = forward(x.mul(factor)).pow(2).sum().backward();
    return model.parameters().map((w) => [...found.of(w).data]);
  });
  return { gradients, state: model.state() };
}

test('gradients, draws and statistics are those of the model itself', () => {
  expect(train(checkpoint)).toEqual(train((f) => f));
});

test('a model that was put into evaluation before the sweep is an error', () => {
  const model = make();
  const loss = checkpoint((z: Tensor<readonly [number, 4]>) => model.forward(z))(x).sum();
  model.eval();
  expect(() => loss.backward()).toThrow('a model must stay in train() or eval() until then');
  model.train();
  expect(loss.backward().size).toBe(model.parameters().length);
});
