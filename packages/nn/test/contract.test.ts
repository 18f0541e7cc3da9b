/** The program around which the public API is designed. */

import { Random, type Tensor, tensor } from '@tapegrad/core';
import { crossEntropy, Dense, Dropout, ReLU, Sequential } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { expect, test } from 'vitest';

interface Batch {
  readonly x: Tensor<[number, 784]>;
  readonly y: Tensor<[number]>;
}

/** Noisy pictures of four patterns, each in its own class. */
function pictures(count: number, size: number): Batch[] {
  const random = new Random(7);
  const patterns = random.uniform([4, 784]);
  return Array.from({ length: count }, () => {
    const y = tensor(Int32Array.from({ length: size }, () => Math.floor(4 * random.next())));
    const x = patterns.take(y).add(random.normal([size, 784], { std: 0.1 }));
    return { x, y } as object as Batch;
  });
}

test('the contract program trains a classifier', () => {
  const batches = pictures(30, 32);
  const losses: number[] = [];

  const random = new Random(42);
  const model = new Sequential(
    new Dense(784, 256, { random }),
    new ReLU(),
    new Dropout(0.2, { random }),
    new Dense(256, 10, { random }),
  );
  const optimizer = new SGD(model.parameters(), { learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 });

  for (const { x, y } of batches) {
    const loss = crossEntropy(model.forward(x), y);
    losses.push(loss.item());
    optimizer.step(loss.backward());
  }
  model.eval();

  expect(losses[0]).toBeGreaterThan(2);
  expect(losses.at(-1)).toBeLessThan(0.1);
  const { x, y } = batches[0]!;
  expect(model.forward(x).argmax(1).toArray()).toEqual(y.toArray());
  expect(model.forward(x).toArray()).toEqual(model.forward(x).toArray());
  expect(model.parameters().map(({ name }) => name)).toEqual(['0.weight', '0.bias', '3.weight', '3.bias']);
});
