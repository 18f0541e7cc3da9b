/** The types that the compiler infers from a trainer's options. */

import { Random, type Tensor, zeros } from '@tapegrad/core';
import { DataLoader, fromTensors } from '@tapegrad/data';
import { crossEntropy, Dense } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { accuracy, deferred, predict, supervised, Trainer } from '@tapegrad/train';
import { expect, expectTypeOf, test } from 'vitest';
import { batchesOf } from './runs.ts';

test('a loss function with parameters that are inferred', () => {
  const model = new Dense(3, 2, { random: new Random(1) });
  const optimizer = new SGD(model.parameters(), { learningRate: 1 });
  const lossOf = supervised(model, crossEntropy);
  const options = { model, optimizer, train: batchesOf(4, 1), epochs: 1 };
  const trainers = [
    new Trainer({ ...options, loss: ({ x, y }) => lossOf({ x, y }), metrics: { accuracy } }),
    new Trainer({
      ...options,
      loss: ({ x, y }) => {
        const predictions = model.forward(x as never) as Tensor;
        return { loss: crossEntropy(predictions, y as never), predictions, targets: y };
      },
      metrics: { accuracy },
    }),
    new Trainer({ ...options, loss: ({ x }) => (model.forward(x as never) as Tensor).mean() }),
    new Trainer({
      ...options,
      // @ts-expect-error accuracy needs predictions and targets
      loss: ({ x }) => ({ loss: (model.forward(x as never) as Tensor).mean() }),
      metrics: { accuracy },
    }),
  ];
  expect(trainers).toHaveLength(4);
});

test('batches of a loader that is made among the options', async () => {
  const model = new Dense(3, 2, { random: new Random(1) });
  const options = { model, optimizer: new SGD(model.parameters(), { learningRate: 1 }), epochs: 1 };
  const dataset = fromTensors({ x: zeros([8, 3]) });
  type Batch = { readonly x: Tensor<readonly [number, 3]> };
  const loss = ({ x }: Batch) => model.forward(x).mean();
  new Trainer({
    ...options,
    train: new DataLoader(dataset, { batchSize: 4 }),
    loss: (batch) => {
      expectTypeOf(batch).toEqualTypeOf<Batch>();
      return loss(batch);
    },
    validation: new DataLoader(dataset, { batchSize: 8 }),
  });
  new Trainer({
    ...options,
    train: deferred(new DataLoader(dataset, { batchSize: 4 })),
    loss: (batch) => {
      expectTypeOf(batch).toEqualTypeOf<Batch>();
      return loss(batch);
    },
  });
  const batches = new DataLoader(dataset, { batchSize: 8 });
  const outputs = await predict({
    model,
    batches,
    forward: (batch) => {
      expectTypeOf(batch).toEqualTypeOf<Batch>();
      return model.forward(batch.x);
    },
  });
  expect(outputs.shape).toEqual([8, 2]);
});
