/** Trains one network on a few digits until it overfits, with some regularization. */

import { Random } from '@tapegrad/core';
import { DataLoader, type Dataset } from '@tapegrad/data';
import { crossEntropy, Dense, Dropout, Flatten, ReLU, Sequential } from '@tapegrad/nn';
import { cosine, SGD } from '@tapegrad/optim';
import { accuracy, evaluate, type SupervisedBatch, supervised, Trainer } from '@tapegrad/train';

/** Digits and their labels, as `fromTensors` makes them. */
export type Digits = Dataset<SupervisedBatch>;

/** The regularization of a training. */
export interface Remedy {
  /** The multiple of the weights that is added to the gradient, as from the penalty weightDecay/2 |w|^2. */
  readonly weightDecay: number;
  /** The probability of dropping a hidden unit at each step. */
  readonly dropout: number;
}

export interface TrialOptions {
  readonly train: Digits;
  readonly test: Digits;
  readonly hidden: number;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly momentum: number;
}

/** The shares of digits that are classified incorrectly. */
export interface Errors {
  readonly train: number;
  readonly test: number;
}

/** Trains a network, and tests it on the training digits and on others. */
export async function trial({ weightDecay, dropout }: Remedy, seed: number, options: TrialOptions): Promise<Errors> {
  const { train, test, hidden, epochs, batch, learningRate, momentum } = options;
  const random = new Random(seed);
  const model = new Sequential(
    new Flatten(),
    new Dense(784, hidden, { random }),
    new ReLU(),
    new Dropout(dropout, { random }),
    new Dense(hidden, hidden, { random }),
    new ReLU(),
    new Dropout(dropout, { random }),
    new Dense(hidden, 10, { random }),
  );
  const loss = supervised(model, crossEntropy);
  const trainer = new Trainer({
    model,
    optimizer: new SGD(model.parameters(), { learningRate, momentum, weightDecay }),
    loss,
    train: new DataLoader(train, { batchSize: batch, random }),
    schedule: cosine(learningRate, { steps: epochs }),
    scheduleBy: 'epochs',
    epochs,
  });
  await trainer.fit();
  const errorOn = async (digits: Digits): Promise<number> => {
    const batches = new DataLoader(digits, { batchSize: 1000 });
    return 1 - (await evaluate({ model, loss, batches, metrics: { accuracy } })).accuracy;
  };
  return { train: await errorOn(train), test: await errorOn(test) };
}
