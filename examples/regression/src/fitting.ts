/** Fits a model to cars, and measures its errors in miles per gallon. */

import { noGrad, type Random } from '@tapegrad/core';
import { DataLoader, fromTensors, StandardScaler } from '@tapegrad/data';
import { l1, type Module, mse } from '@tapegrad/nn';
import { cosine, SGD } from '@tapegrad/optim';
import { type History, mae, rmse, Trainer } from '@tapegrad/train';
import type { Cars } from './cars.ts';

/** A model from standardized features to standardized fuel economy. */
export interface Model extends Module {
  forward(x: Cars['x']): Cars['y'];
}

export interface FitOptions {
  readonly epochs: number;
  /** The number of cars in a mini-batch. */
  readonly batch: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Shuffles the cars. */
  readonly random: Random;
}

/** Errors in miles per gallon. */
export interface Errors {
  /** The root of the mean square. */
  readonly rmse: number;
  /** The mean of the absolute values. */
  readonly mae: number;
}

export interface Fitted {
  /** Predicts miles per gallon from features in their original units. */
  readonly predict: (x: Cars['x']) => Cars['y'];
  /** The loss and the errors after each epoch. */
  readonly history: History;
}

/** Trains a model on some cars, and tests it on others after each epoch. */
export async function fit(model: Model, train: Cars, test: Cars, options: FitOptions): Promise<Fitted> {
  const { epochs, batch, learningRate, weightDecay, random } = options;
  const features = new StandardScaler().fit(train.x);
  const economy = new StandardScaler().fit(train.y);
  const trainer = new Trainer({
    model,
    optimizer: new SGD(model.parameters(), { learningRate, weightDecay, momentum: 0.9 }),
    loss: ({ x, y }) => {
      const standardized = model.forward(features.apply(x));
      // The metrics compare miles per gallon.
      const predictions = economy.invert(standardized.detach());
      return { loss: mse(standardized, economy.apply(y)), predictions, targets: y };
    },
    train: new DataLoader(fromTensors({ ...train }), { batchSize: batch, random }),
    validation: [test],
    metrics: { rmse, mae },
    schedule: cosine(learningRate, { steps: epochs }),
    scheduleBy: 'epochs',
    epochs,
  });
  const { history } = await trainer.fit();
  const predict = (x: Cars['x']): Cars['y'] => noGrad(() => economy.invert(model.forward(features.apply(x))));
  return { predict, history };
}

export const errorsOf = (predicted: Cars['y'], truth: Cars['y']): Errors => ({
  rmse: Math.sqrt(mse(predicted, truth).item()),
  mae: l1(predicted, truth).item(),
});
