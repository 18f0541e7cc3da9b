/** Trains a model in rounds, each of which ends with a test, a text sample and a checkpoint. */

import { existsSync } from 'node:fs';
import { Random } from '@tapegrad/core';
import { loadCheckpoint, type Running, type Settings, saveCheckpoint } from '@tapegrad/example-toolkit/checkpoint';
import { Progress } from '@tapegrad/example-toolkit/progress';
import { AdamW, cosine, warmUp } from '@tapegrad/optim';
import { type Corpus, opening, part } from './corpus.ts';
import type { LanguageModel } from './models.ts';
import { sample } from './sampling.ts';
import { evaluate, randomPieces, trainStep } from './training.ts';

/** The progress of a model after some steps. */
export interface Round {
  readonly steps: number;
  /** The number of training characters so far. */
  readonly characters: number;
  /** The training loss in nats per character: the mean since the last round. */
  readonly training: number;
  /** The loss on part of the held-out text, in nats per character. */
  readonly heldOut: number;
  /** The training time so far. */
  readonly seconds: number;
  /** Generated text. */
  readonly sample: string;
}

export interface Run {
  readonly name: string;
  readonly model: LanguageModel;
  /** The model's generator, which also draws its dropout masks. */
  readonly random: Random;
  /** The path of the checkpoint. If `resume` is set and the file exists, training continues from it. */
  readonly checkpoint: string;
  readonly settings: Settings;
  readonly resume: boolean;
  readonly steps: number;
  /** The number of rounds, at most the number of steps. */
  readonly rounds: number;
  readonly batch: number;
  readonly context: number;
  readonly learningRate: number;
  readonly temperature: number;
  readonly seed: number;
  readonly quiet: boolean;
}

/** The number of held-out characters on which a round is tested. */
const TESTED = 16_384;

/** The number of characters that a model generates after a round. */
const WORDS = 56;

/** Trains a model and yields its rounds, beginning with those that a stopped run has completed. */
export function* trainRounds(corpus: Corpus, run: Run): Generator<Round, void, undefined> {
  const { model, random, checkpoint, settings, resume, batch, context } = run;
  const optimizer = new AdamW(model.parameters(), { learningRate: run.learningRate });
  const running: Running = { model, optimizer, random };
  const rounds: Round[] =
    resume && existsSync(checkpoint) ? [...loadCheckpoint<Round[]>(checkpoint, settings, running)] : [];
  yield* rounds;

  const tested = part(corpus.heldOut, 0, Math.min(corpus.heldOut.size, TESTED + 1));
  while (rounds.length < run.rounds) {
    const number = rounds.length + 1;
    const { steps: start, seconds } = rounds.at(-1) ?? { steps: 0, seconds: 0 };
    const steps = Math.round((number * run.steps) / run.rounds);
    const trained = trainSteps(corpus, run, optimizer, { start, steps, label: `${run.name} ${number}/${run.rounds}` });
    const round = {
      steps,
      characters: steps * batch * context,
      training: trained.loss,
      heldOut: evaluate(model, tested, { batch, context }),
      seconds: seconds + trained.seconds,
      sample: words(corpus, run),
    };
    rounds.push(round);
    saveCheckpoint(checkpoint, settings, running, rounds);
    yield round;
  }
}

/** Trains from one step to another, and returns the mean loss. */
function trainSteps(
  { training }: Corpus,
  { model, random, batch, context, learningRate, quiet, steps: all }: Run,
  optimizer: AdamW,
  { start, steps, label }: { readonly start: number; readonly steps: number; readonly label: string },
): { readonly loss: number; readonly seconds: number } {
  const schedule = warmUp(cosine(learningRate, { steps: all, end: learningRate / 20 }), { steps: Math.ceil(all / 20) });
  const size = batch * context;
  const progress = new Progress({ label, total: (steps - start) * size, unit: 'characters', quiet });
  let sum = 0;
  for (let step = start; step < steps; step++) {
    optimizer.learningRate = schedule(step);
    sum += trainStep(model, optimizer, randomPieces(training, { batch, context, random }));
    const done = step + 1 - start;
    progress.update(done * size, `loss ${(sum / done).toFixed(3)}`);
  }
  return { loss: sum / (steps - start), seconds: progress.stop() };
}

/** Generates a short text, with the same random numbers after every round. */
function words(corpus: Corpus, { model, context, temperature, seed }: Run): string {
  const prompt = opening(corpus, context);
  return sample(model, corpus.vocabulary, { prompt, temperature, length: WORDS, random: new Random(seed) });
}
