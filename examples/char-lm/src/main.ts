/** Trains character-level language models, and generates text with them. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { mobyDick } from '@tapegrad/data/datasets';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { print, runProgram } from '@tapegrad/example-toolkit/program';
import { useWideVectors } from '@tapegrad/example-toolkit/vectors';
import { tryFolder } from '@tapegrad/files/node';
import { readText } from './book.ts';
import { splitText } from './corpus.ts';
import { entrantsOf } from './entrants.ts';
import { ngramLoss } from './ngrams.ts';
import { ABOUT, OPTIONS } from './options.ts';
import { learningCurves } from './pictures.ts';
import { count, resultTable } from './report.ts';
import { type Outcome, run } from './run.ts';

const options = readOptions(ABOUT, OPTIONS);

/** The n-gram models for comparison: the number of characters in an n-gram, and its name. */
const YARDSTICKS = [
  [1, 'single characters'],
  [2, 'pairs'],
  [3, 'threes'],
  [5, 'fives'],
] as const;

await runProgram(async () => {
  useWideVectors();
  tryFolder(options.out, PICTURE_BYTES);
  const book = options.text === undefined ? await mobyDick() : readText(options.text);
  const text = [...book].slice(0, options.limit).join('');
  const corpus = splitText(text, options.context);
  const { training, heldOut, vocabulary } = corpus;
  print(
    `${count(training.size)} characters to learn from, ${count(heldOut.size)} held out, ` +
      `${vocabulary.size} of them different`,
  );
  const yardsticks = YARDSTICKS.map(([order, name]) => ({
    name,
    loss: ngramLoss(training.data, heldOut.data, vocabulary.size, order),
  }));
  const sum = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const rounds = Math.min(options.rounds, options.steps);
  const outcomes: Outcome[] = [];
  for (const entrant of entrantsOf(options)) {
    const outcome = await run(entrant, corpus, sum, { ...options, rounds });
    if (outcome === undefined) return;
    outcomes.push(outcome);
  }

  print(`\n${resultTable.heading()}`);
  for (const { name, loss } of yardsticks) print(resultTable.row({ name: `counts of ${name}`, loss }));
  for (const { result } of outcomes) print(resultTable.row(result));
  print('');
  const models = outcomes.map(({ result: { name, parameters = 0 } }) => `${name} of ${count(parameters)} parameters`);
  const courses = outcomes.map(({ course }) => course);
  const picture = learningCurves(courses, yardsticks, `Learning to write: ${models.join(', ')}`);
  await writePicture(join(options.out, 'learning-curves'), picture);
});
