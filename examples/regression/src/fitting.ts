/** Fits a model to cars, and measures its errors in miles per gallon. */

import { noGrad, type Random } from '@tapegrad/core';
import { DataLoader, fromTensors, StandardScaler } from '@tapegrad/data';
import { l1, type Module, mse } from '@tapegrad/nn';
import { cosine, SGD } from '@tapegrad/optim';
import type { Cars } from './cars.ts';

type Features = Cars['features'];
type Economy = Cars['economy'];

/** A model from standardized features to standardized fuel economy. */
export interface Model extends Pick<Module, 'parameters'> {
  forward(features: Features): Economy;
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
  readonly predict: (features: Features) => Economy;
  /** The errors after each epoch. */
  readonly history: readonly { readonly epoch: number; readonly train: Errors; readonly test: Errors }[];
}

/** Trains a model on some cars, and tests it on others after each epoch. */
export function fit(model: Model, train: Cars, test: Cars, options: FitOptions): Fitted {
  const { epochs, batch, learningRate, weightDecay, random } = options;
  const features = new StandardScaler().fit(train.features);
  const economy = new StandardScaler().fit(train.economy);
  const predict = (x: Features): Economy => noGrad(() => economy.invert(model.forward(features.apply(x))));

  const data = fromTensors({ x: features.apply(train.features), y: economy.apply(train.economy) });
  const loader = new DataLoader(data, { batchSize: batch, random });
  const optimizer = new SGD(model.parameters(), { learningRate, weightDecay, momentum: 0.9 });
  const schedule = cosine(learningRate, { steps: epochs });
  const history: Fitted['history'][number][] = [];
  for (let epoch = 1; epoch <= epochs; epoch++) {
    optimizer.learningRate = schedule(epoch - 1);
    for (const { x, y } of loader) {
      optimizer.step(mse(model.forward(x), y).backward());
    }
    const errors = (cars: Cars): Errors => errorsOf(predict(cars.features), cars.economy);
    history.push({ epoch, train: errors(train), test: errors(test) });
  }
  return { predict, history };
}

export const errorsOf = (predicted: Economy, truth: Economy): Errors => ({
  rmse: Math.sqrt(mse(predicted, truth).item()),
  mae: l1(predicted, truth).item(),
});
