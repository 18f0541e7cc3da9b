/** Trains one network on a few digits until it overfits, with some regularization. */

import { Random } from '@tapegrad/core';
import { evaluate, type Labelled, trainEpoch } from '@tapegrad/example-toolkit/classification';
import { Dense, Dropout, Flatten, ReLU, Sequential } from '@tapegrad/nn';
import { cosine, SGD } from '@tapegrad/optim';

type PictureShape = readonly [1, 28, 28];

/** The regularization of a training. */
export interface Remedy {
  /** The multiple of the weights that is added to the gradient, as from the penalty weightDecay/2 |w|^2. */
  readonly weightDecay: number;
  /** The probability of dropping a hidden unit at each step. */
  readonly dropout: number;
}

export interface TrialOptions {
  readonly train: Labelled<PictureShape>;
  readonly test: Labelled<PictureShape>;
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
export function trial({ weightDecay, dropout }: Remedy, seed: number, options: TrialOptions): Errors {
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
  const optimizer = new SGD(model.parameters(), { learningRate, momentum, weightDecay });
  const schedule = cosine(learningRate, { steps: epochs });
  for (let epoch = 0; epoch < epochs; epoch++) {
    optimizer.learningRate = schedule(epoch);
    for (const _ of trainEpoch<PictureShape>(model, optimizer, train, { batch, random }));
  }
  const errorOn = (digits: Labelled<PictureShape>): number => 1 - evaluate<PictureShape>(model, digits).score.accuracy;
  return { train: errorOn(train), test: errorOn(test) };
}
