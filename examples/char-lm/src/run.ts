/** Trains a model, which writes a few words after each round. */

import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { PICTURE_BYTES } from '@tapegrad/example-toolkit/picture-file';
import { print } from '@tapegrad/example-toolkit/program';
import { weightBytes, weightsSum } from '@tapegrad/example-toolkit/weights';
import { tryFolder } from '@tapegrad/files/node';
import { epochTable, RunFolder } from '@tapegrad/train/node';
import { type Corpus, opening } from './corpus.ts';
import type { Entrant } from './entrants.ts';
import type { Course } from './pictures.ts';
import { count, inLine, type Result } from './report.ts';
import { sample } from './sampling.ts';
import { lossOn, trainerOf } from './training.ts';

export interface RunOptions {
  readonly steps: number;
  readonly rounds: number;
  readonly batch: number;
  readonly context: number;
  readonly dropout: number;
  readonly temperature: number;
  /** The number of characters to write at the end. */
  readonly length: number;
  readonly seed: number;
  readonly resume: boolean;
  readonly out: string;
  readonly quiet: boolean;
}

export interface Outcome {
  readonly result: Result;
  readonly course: Course;
}

/** The number of characters that a model writes after each round. */
const WORDS = 56;

/**
 * Trains a model, tests it on all held-out text, and generates text with it. Returns undefined if it is stopped.
 *
 * @param textSum identifies the text: a run can be resumed only with the same text
 */
export async function run(
  { name, key, sizes, learningRate, make }: Entrant,
  corpus: Corpus,
  textSum: string,
  options: RunOptions,
): Promise<Outcome | undefined> {
  const { steps, rounds, batch, context, dropout, temperature, length, seed, resume, out, quiet } = options;
  const random = new Random(seed);
  const model = make(corpus.vocabulary.size, random);
  // Space for the model with two moments for each weight, and for the last checkpoint until the next one is complete.
  tryFolder(out, 7 * weightBytes(model) + PICTURE_BYTES);
  const parameters = model.parameterCount;
  print(`\n${name} of ${count(parameters)} parameters`);

  const trainer = trainerOf(model, corpus, { steps, rounds, batch, context, learningRate, random });
  const config = { textSum, sizes, steps, rounds, batch, context, dropout, learningRate, seed };
  const folder = new RunFolder(join(out, key), { config, existing: resume ? 'resume' : 'replace' });
  const prompt = opening(corpus, context);
  const write = (length: number): string =>
    sample(model, corpus.vocabulary, { prompt, length, temperature, random: new Random(seed) });
  const look = { unit: 'characters', format: (loss: number) => loss.toFixed(3) };
  const { end, history } = await folder.fit(trainer, {
    progress: quiet ? false : look,
    hooks: [epochTable(look), { onEpoch: () => print(`         ▸ ${inLine(write(WORDS))}`) }],
  });
  if (end === 'stopped') return undefined;

  const loss = await lossOn(model, corpus.heldOut, { batch, context });
  print(`\nHeld out, all of it: ${loss.toFixed(3)} nats a character; weights ${weightsSum(model)}`);
  print(`\n${prompt} ▸ ${write(length)}`);
  const sum = (of: 'examples' | 'seconds') => history.epochs.reduce((total, epoch) => total + epoch[of], 0);
  return { result: { name, parameters, loss, speed: sum('examples') / sum('seconds') }, course: { name, history } };
}
