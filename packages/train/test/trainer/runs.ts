/** Small runs that depend on every kind of state. */

import { Random, type Tensor, tensor } from '@tapegrad/core';
import { BatchNorm1d, crossEntropy, Dense, Dropout, ReLU, Sequential } from '@tapegrad/nn';
import { clipByNorm, cosine, ema, SGD, WeightAverage } from '@tapegrad/optim';
import { accuracy, auc, supervised, Trainer, type TrainerOptions } from '@tapegrad/train';

export interface XY {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Points of two classes, in batches of five; the last batch is smaller. */
export function batchesOf(count: number, seed: number, size = 5): XY[] {
  const random = new Random(seed);
  const labels = random.integers([count], 0, 2);
  const x = random.normal([count, 3]).add(labels.cast('float32').reshape([count, 1]));
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => {
    const [start, end] = [i * size, Math.min((i + 1) * size, count)];
    return { x: x.slice(0, start, end), y: labels.slice(0, start, end) };
  });
}

/** Batches in a different order in each epoch. */
export function* shuffled(batches: readonly XY[], random: Random): Generator<XY> {
  for (const i of random.permutation(batches.length).data) yield batches[i]!;
}

/** A trainer with dropout, batch normalisation, momentum, stateful transforms, a weight average and shuffled data. */
export function busyTrainer(
  seed: number,
  options: Partial<TrainerOptions<XY, { loss: Tensor; predictions: Tensor; targets: Tensor }>> = {},
) {
  const random = new Random(seed);
  const model = new Sequential(
    new Dense(3, 8, { random }),
    new BatchNorm1d(8),
    new ReLU(),
    new Dropout(0.3, { random: new Random(seed + 1) }),
    new Dense(8, 2, { random }),
  );
  const optimizer = new SGD(model.parameters(), { learningRate: 0.1, momentum: 0.9 });
  const data = batchesOf(33, 5);
  const trainer = new Trainer({
    model,
    optimizer,
    loss: supervised(model, crossEntropy),
    train: () => shuffled(data, random),
    validation: batchesOf(12, 6),
    metrics: { accuracy, area: () => auc() },
    epochs: 3,
    transforms: [clipByNorm(1), ema(0.5)],
    schedule: cosine(0.1, { steps: 21 }),
    average: new WeightAverage(model.parameters(), { decay: 0.8 }),
    monitor: 'accuracy',
    earlyStopping: { patience: 10 },
    random,
    logEvery: 3,
    ...options,
  });
  return { trainer, model, optimizer };
}

/** Returns a state without the times in it. */
export const timeless = (state: unknown): unknown =>
  JSON.parse(
    JSON.stringify(state, (key, value) => {
      if (key === 'seconds') return 0;
      return ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value;
    }),
  );

export const line = (): XY[] => [
  { x: tensor([[0], [1]], { dtype: 'float64' }), y: tensor([[1], [3]], { dtype: 'float64' }) },
  { x: tensor([[2], [3], [4]], { dtype: 'float64' }), y: tensor([[5], [7], [9]], { dtype: 'float64' }) },
];
