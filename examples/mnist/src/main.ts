/** Trains a network to read handwritten digits: the program that `npm start` runs. */

import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { savePicture } from '@tapegrad/example-toolkit/picture-file';
import { print, printFile, runProgram } from '@tapegrad/example-toolkit/program';
import { Progress } from '@tapegrad/example-toolkit/progress';
import { loadWeights, saveWeights, weightsSum } from '@tapegrad/example-toolkit/weights';
import { Dense, Dropout, ReLU, Sequential } from '@tapegrad/nn';
import { cosine, SGD } from '@tapegrad/optim';
import { type Digits, loadDigits } from './digits.ts';
import { ABOUT, OPTIONS } from './options.ts';
import { learningCurve, mistakesPicture } from './pictures.ts';
import { epochTable, percent } from './report.ts';
import { combine, type Epoch, evaluate, noScore, type Score, trainEpoch } from './training.ts';

const options = readOptions(ABOUT, OPTIONS);
const { epochs, batch, dropout, learningRate, momentum, weightDecay, quiet } = options;
const [first, second] = options.hidden;
const random = new Random(options.seed);

const model = new Sequential(
  new Dense(784, first, { random }),
  new ReLU(),
  new Dropout(dropout, { random }),
  new Dense(first, second, { random }),
  new ReLU(),
  new Dropout(dropout, { random }),
  new Dense(second, 10, { random }),
);

await runProgram(async () => {
  print(`${model.describe({ input: [batch, 784] })}\n`);
  const test = loadDigits('test', options.limit);

  if (options.evaluate === undefined) {
    const history = train(loadDigits('train', options.limit), test);
    await show('learning-curve', learningCurve(history));
    const file = join(options.out, 'model.safetensors');
    saveWeights(file, model);
    printFile(file);
  } else {
    loadWeights(options.evaluate, model);
  }

  const readings = evaluate(model, test);
  const mistakes = mistakesPicture(test, readings);
  if (mistakes !== undefined) await show('mistakes', mistakes);
  print(`\nTest accuracy ${percent(readings.score.accuracy)} on ${test.count} digits; weights ${weightsSum(model)}`);
});

/** Trains for all epochs, and tests after each. */
function train(digits: Digits, test: Digits): Epoch[] {
  const optimizer = new SGD(model.parameters(), { learningRate, momentum, weightDecay });
  const schedule = cosine(learningRate, { steps: epochs });
  const history: Epoch[] = [];
  print(epochTable.heading());

  for (let number = 1; number <= epochs; number++) {
    const progress = new Progress({ label: `epoch ${number}/${epochs}`, total: digits.count, unit: 'digits', quiet });
    const steps: Score[] = [];
    let training = noScore;
    for (const step of trainEpoch(model, optimizer, digits, { batch, random })) {
      steps.push(step);
      training = combine(training, step);
      progress.update(training.count, `loss ${training.loss.toFixed(4)} · accuracy ${percent(training.accuracy)}`);
      optimizer.learningRate = schedule(number - 1 + training.count / digits.count);
    }
    const seconds = progress.stop();
    const epoch = { number, steps, training, test: evaluate(model, test).score, seconds };
    history.push(epoch);
    print(epochTable.row(epoch));
  }
  return history;
}

async function show(name: string, svg: string): Promise<void> {
  for (const file of await savePicture(join(options.out, name), svg)) printFile(file);
}
