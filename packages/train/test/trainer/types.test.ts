/** What the compiler infers of a trainer's options. */

import { Random, type Tensor } from '@tapegrad/core';
import { crossEntropy, Dense } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { accuracy, supervised, Trainer } from '@tapegrad/train';
import { expect, test } from 'vitest';
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
