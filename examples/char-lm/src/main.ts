/** Trains character-level language models, and generates text with them. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { mobyDick } from '@tapegrad/data/datasets';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { print, runProgram } from '@tapegrad/example-toolkit/program';
import { weightBytes, weightsSum } from '@tapegrad/example-toolkit/weights';
import { tryFolder } from '@tapegrad/files/node';
import { readText } from './book.ts';
import { type Corpus, opening, splitText } from './corpus.ts';
import { AttentiveModel, type LanguageModel, RecurrentModel } from './models.ts';
import { ngramLoss } from './ngrams.ts';
import { ABOUT, OPTIONS } from './options.ts';
import { type Course, learningCurves } from './pictures.ts';
import { count, type Result, resultTable, roundTable } from './report.ts';
import { type Round, trainRounds } from './run.ts';
import { sample } from './sampling.ts';
import { evaluate } from './training.ts';

const { text: file, limit, lstm, gpt, out, resume, full: _, ...options } = readOptions(ABOUT, OPTIONS);
const { steps, batch, context, dropout, temperature, length, seed } = options;
const rounds = Math.min(options.rounds, steps);

/** The n-gram models for comparison. `order` is the number of characters in an n-gram. */
const YARDSTICKS = [
  { name: 'single characters', order: 1 },
  { name: 'pairs', order: 2 },
  { name: 'threes', order: 3 },
  { name: 'fives', order: 5 },
];

interface Entrant {
  readonly name: string;
  readonly key: string;
  readonly sizes: readonly number[];
  readonly learningRate: number;
  readonly make: (size: number, random: Random) => LanguageModel;
}

const ENTRANTS: readonly Entrant[] = [
  {
    name: 'LSTM',
    key: 'lstm',
    sizes: lstm,
    learningRate: options.lstmRate,
    make: (size, random) => new RecurrentModel({ size, width: lstm[0], layers: lstm[1], dropout, random }),
  },
  {
    name: 'GPT',
    key: 'gpt',
    sizes: gpt,
    learningRate: options.gptRate,
    make: (size, random) =>
      new AttentiveModel({ size, width: gpt[0], layers: gpt[1], heads: gpt[2], dropout, context, random }),
  },
];

await runProgram(async () => {
  tryFolder(out, PICTURE_BYTES);
  const text = [...(file === undefined ? await mobyDick() : readText(file))].slice(0, limit).join('');
  const corpus = splitText(text, context);
  print(
    `${count(corpus.training.size)} characters to learn from, ${count(corpus.heldOut.size)} held out, ` +
      `${corpus.vocabulary.size} of them different`,
  );
  const yardsticks = YARDSTICKS.map(({ name, order }) => ({
    name,
    loss: ngramLoss(corpus.training.data, corpus.heldOut.data, corpus.vocabulary.size, order),
  }));
  const sum = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const outcomes = ENTRANTS.map((entrant) => train(entrant, corpus, sum));

  print(`\n${resultTable.heading()}`);
  for (const { name, loss } of yardsticks) print(resultTable.row({ name: `counts of ${name}`, loss }));
  for (const { result } of outcomes) print(resultTable.row(result));
  print('');
  const title = `Learning to write: ${outcomes.map(({ result }) => described(result)).join(', ')}`;
  await writePicture(
    join(out, 'learning-curves'),
    learningCurves(
      outcomes.map(({ course }) => course),
      yardsticks,
      title,
    ),
  );
});

function described({ name, parameters = 0 }: Result): string {
  return `${name} of ${count(parameters)} parameters`;
}

/** Trains a model, tests it on all held-out text, and generates text with it. */
function train(
  { name, key, sizes, learningRate, make }: Entrant,
  corpus: Corpus,
  text: string,
): { readonly result: Result; readonly course: Course } {
  const random = new Random(seed);
  const model = make(corpus.vocabulary.size, random);
  // Space for the model with two moments for each weight, and for the last checkpoint until the next one is complete.
  tryFolder(out, 6 * weightBytes(model) + PICTURE_BYTES);
  const parameters = model.parameterCount;
  print(`\n${name} of ${count(parameters)} parameters\n${roundTable.heading()}`);
  const settings = { text, sizes: String(sizes), steps, rounds, batch, context, dropout, learningRate, seed };
  const history: Round[] = [];
  const checkpoint = join(out, `${key}.checkpoint`);
  for (const round of trainRounds(corpus, {
    ...options,
    ...{ name, model, random, rounds, learningRate, checkpoint, settings, resume },
  })) {
    history.push(round);
    print(roundTable.row(round));
  }
  const loss = evaluate(model, corpus.heldOut, { batch, context });
  const { characters, seconds } = history.at(-1)!;
  print(`\nHeld out, all of it: ${loss.toFixed(3)} nats a character; weights ${weightsSum(model)}`);
  const prompt = opening(corpus, context);
  const written = sample(model, corpus.vocabulary, { prompt, length, temperature, random: new Random(seed) });
  print(`\n${prompt} ▸ ${written}`);
  return { result: { name, parameters, loss, speed: characters / seconds }, course: { name, rounds: history } };
}
