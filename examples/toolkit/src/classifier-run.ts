/** Trains a classifier for many epochs, and prints its progress. */

import type { Shape } from '@tapegrad/core';
import type { Optimizer, Schedule } from '@tapegrad/optim';
import {
  type Classifier,
  combine,
  evaluate,
  type Labelled,
  noScore,
  type Score,
  type TrainOptions,
  trainEpoch,
} from './classification.ts';
import { print } from './program.ts';
import { Progress } from './progress.ts';
import { TextTable } from './text-table.ts';

/** An epoch of training, and the test after it. */
export interface Epoch {
  /** 1 for the first. */
  readonly number: number;
  /** The score of each mini-batch. */
  readonly steps: readonly Score[];
  /** The score over all mini-batches. */
  readonly training: Score;
  readonly test: Score;
  /** The training time. */
  readonly seconds: number;
}

export interface RunOptions<Row extends Shape = Shape> extends TrainOptions<Row> {
  readonly train: Labelled<Row>;
  readonly test: Labelled<Row>;
  readonly epochs: number;
  /** The learning rate as a function of the time in epochs. */
  readonly schedule: Schedule;
  /** The noun for an example. */
  readonly unit: string;
  /** Whether to hide the progress. */
  readonly quiet?: boolean;
}

/** Trains for all epochs, tests after each, and prints a table row for each. */
export function trainClassifier<Row extends Shape>(
  model: Classifier<Row>,
  optimizer: Pick<Optimizer, 'minimize' | 'learningRate'>,
  options: RunOptions<Row>,
): Epoch[] {
  const { train, test, epochs, schedule, unit, quiet = false } = options;
  const table = epochTable(unit);
  const history: Epoch[] = [];
  print(table.heading());

  for (let number = 1; number <= epochs; number++) {
    const progress = new Progress({ label: `epoch ${number}/${epochs}`, total: train.count, unit, quiet });
    const steps: Score[] = [];
    let training = noScore;
    optimizer.learningRate = schedule(number - 1);
    for (const step of trainEpoch(model, optimizer, train, options)) {
      steps.push(step);
      training = combine(training, step);
      progress.update(training.count, `loss ${training.loss.toFixed(4)} · accuracy ${percent(training.accuracy)}`);
      optimizer.learningRate = schedule(number - 1 + training.count / train.count);
    }
    const seconds = progress.stop();
    const epoch = { number, steps, training, test: evaluate(model, test).score, seconds };
    history.push(epoch);
    print(table.row(epoch));
  }
  return history;
}

const epochTable = (unit: string): TextTable<Epoch> =>
  new TextTable<Epoch>([
    { title: 'epoch', cell: ({ number }) => String(number) },
    { title: 'train loss', cell: ({ training }) => training.loss.toFixed(4) },
    { title: 'train acc', cell: ({ training }) => percent(training.accuracy) },
    { title: 'test loss', cell: ({ test }) => test.loss.toFixed(4) },
    { title: 'test acc', cell: ({ test }) => percent(test.accuracy) },
    { title: 'time', cell: ({ seconds }) => `${seconds.toFixed(1)} s` },
    { title: `${unit}/s`, cell: ({ training, seconds }) => Math.round(training.count / seconds).toLocaleString('en') },
  ]);

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
