/** One network, trained on few digits until it knows them by heart, with something done against it. */

import { Random } from '@tapegrad/core';
import { evaluate, type Labelled, trainEpoch } from '@tapegrad/example-toolkit/classification';
import { Dense, Dropout, Flatten, ReLU, Sequential } from '@tapegrad/nn';
import { cosine, SGD } from '@tapegrad/optim';

type PictureShape = readonly [1, 28, 28];

/** What is done against over-fitting. */
export interface Remedy {
  /** Share of the weights by which the gradient is increased: that of a penalty of half as much times their squares. */
  readonly weightDecay: number;
  /** Share of the hidden units that are left out at each step. */
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

/** Shares of the digits that are classified wrong. */
export interface Errors {
  readonly train: number;
  readonly test: number;
}

/** Trains a network, and tests it on the digits that it saw and on others. */
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
