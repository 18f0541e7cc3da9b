/** Training a model round by round, each of which ends with a test, a few words of its own, and a checkpoint. */

import { existsSync } from 'node:fs';
import { Random } from '@tapegrad/core';
import { loadCheckpoint, type Running, type Settings, saveCheckpoint } from '@tapegrad/example-toolkit/checkpoint';
import { Progress } from '@tapegrad/example-toolkit/progress';
import { AdamW, cosine, warmUp } from '@tapegrad/optim';
import { type Corpus, opening, part } from './corpus.ts';
import type { LanguageModel } from './models.ts';
import { sample } from './sampling.ts';
import { evaluate, randomPieces, trainStep } from './training.ts';

/** How a model stood after some steps. */
export interface Round {
  readonly steps: number;
  /** Characters learned from. */
  readonly characters: number;
  /** In nats a character: the mean since the last round. */
  readonly training: number;
  /** In nats a character, of a part of the text held out. */
  readonly heldOut: number;
  /** Spent on training so far. */
  readonly seconds: number;
  /** What it wrote. */
  readonly sample: string;
}

export interface RunOptions {
  readonly steps: number;
  readonly rounds: number;
  readonly batch: number;
  readonly context: number;
  readonly learningRate: number;
  readonly temperature: number;
  readonly seed: number;
  readonly quiet: boolean;
}

export interface Run extends RunOptions {
  readonly name: string;
  readonly model: LanguageModel;
  /** That of the model, whose dropout draws from it too. */
  readonly random: Random;
  /** Where a checkpoint is kept, and gone on from if it is there and `resume` is set. */
  readonly checkpoint: string;
  readonly settings: Settings;
  readonly resume: boolean;
}

/** Characters of the text held out that a round is tested on. */
const TESTED = 16_384;

/** Characters that a model writes after a round. */
const WORDS = 56;

/** Trains a model and gives round after round, first those that a stopped run has been through. */
export function* trainRounds(corpus: Corpus, run: Run): Generator<Round, void, undefined> {
  const { vocabulary, training, heldOut } = corpus;
  const { model, random, steps, batch, context, temperature, seed } = run;
  const prompt = opening(corpus, context / 2);
  const optimizer = new AdamW(model.parameters(), { learningRate: run.learningRate });
  const running: Running = { model, optimizer, random };
  const schedule = warmUp(cosine(run.learningRate, { steps, end: run.learningRate / 20 }), {
    steps: Math.ceil(steps / 20),
  });
  const tested = part(heldOut, 0, Math.min(heldOut.size, TESTED + 1));
  const rounds: Round[] =
    run.resume && existsSync(run.checkpoint) ? [...loadCheckpoint<Round[]>(run.checkpoint, run.settings, running)] : [];
  yield* rounds;

  while (rounds.length < run.rounds) {
    const { steps: first, seconds: before } = rounds.at(-1) ?? { steps: 0, seconds: 0 };
    const end = Math.round(((rounds.length + 1) * steps) / run.rounds);
    const count = end - first;
    const label = `${run.name} ${rounds.length + 1}/${run.rounds}`;
    const progress = new Progress({ label, total: count * batch * context, unit: 'characters', quiet: run.quiet });
    let sum = 0;
    for (let step = first; step < end; step++) {
      optimizer.learningRate = schedule(step);
      sum += trainStep(model, optimizer, randomPieces(training, { batch, context, random }));
      const done = step + 1 - first;
      progress.update(done * batch * context, `loss ${(sum / done).toFixed(3)}`);
    }
    const seconds = before + progress.stop();
    const round = {
      steps: end,
      characters: end * batch * context,
      training: sum / count,
      heldOut: evaluate(model, tested, { batch, context }),
      seconds,
      sample: sample(model, vocabulary, { prompt, temperature, length: WORDS, random: new Random(seed) }),
    };
    rounds.push(round);
    saveCheckpoint(run.checkpoint, run.settings, running, rounds);
    yield round;
  }
}
