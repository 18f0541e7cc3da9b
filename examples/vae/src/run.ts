/** Trains for many epochs, each of which ends with a test and a checkpoint. */

import { existsSync } from 'node:fs';
import type { Random } from '@tapegrad/core';
import { loadCheckpoint, type Running, type Settings, saveCheckpoint } from '@tapegrad/example-toolkit/checkpoint';
import type { LabelledImages } from '@tapegrad/example-toolkit/labelled-images';
import { Progress } from '@tapegrad/example-toolkit/progress';
import { Adam, cosine } from '@tapegrad/optim';
import type { Autoencoder } from './model.ts';
import type { Epoch } from './report.ts';
import { combine, evaluate, noScore, total, trainEpoch } from './training.ts';

export interface Run {
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  /** The model's generator. */
  readonly random: Random;
  /** The path of the checkpoint. If `resume` is set and the file exists, training continues from it. */
  readonly checkpoint: string;
  readonly settings: Settings;
  readonly resume: boolean;
  readonly quiet: boolean;
}

export interface Parts {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
}

/** Trains a model and yields its epochs, beginning with those that a stopped run has completed. */
export function* trainEpochs(
  model: Autoencoder,
  { train, test }: Parts,
  { epochs, batch, learningRate, random, checkpoint, settings, resume, quiet }: Run,
): Generator<Epoch, void, undefined> {
  const optimizer = new Adam(model.parameters(), { learningRate });
  const running: Running = { model, optimizer, random };
  const schedule = cosine(learningRate, { steps: epochs });
  const history: Epoch[] =
    resume && existsSync(checkpoint) ? [...loadCheckpoint<Epoch[]>(checkpoint, settings, running)] : [];
  yield* history;

  for (let number = history.length + 1; number <= epochs; number++) {
    const progress = new Progress({ label: `epoch ${number}/${epochs}`, total: train.count, unit: 'digits', quiet });
    let training = noScore;
    for (const step of trainEpoch(model, optimizer, train, { batch, random })) {
      training = combine(training, step);
      progress.update(training.count, `-ELBO ${total(training).toFixed(2)}`);
      optimizer.learningRate = schedule(number - 1 + training.count / train.count);
    }
    const epoch = { number, training, test: evaluate(model, test), seconds: progress.stop() };
    history.push(epoch);
    saveCheckpoint(checkpoint, settings, running, history);
    yield epoch;
  }
}
