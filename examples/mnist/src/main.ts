/** Trains a network on handwritten digits: the program that `npm start` runs. */

import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { evaluate } from '@tapegrad/example-toolkit/classification';
import { percent, trainClassifier } from '@tapegrad/example-toolkit/classifier-run';
import { loadDigits } from '@tapegrad/example-toolkit/digits';
import { learningCurve } from '@tapegrad/example-toolkit/learning-curve';
import { mistakesPicture, readAs } from '@tapegrad/example-toolkit/mistakes';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { print, printFile, runProgram } from '@tapegrad/example-toolkit/program';
import { loadWeights, saveWeights, weightBytes, weightsSum } from '@tapegrad/example-toolkit/weights';
import { tryFolder } from '@tapegrad/example-toolkit/whole-file';
import { Dense, Dropout, Flatten, ReLU, Sequential, summary } from '@tapegrad/nn';
import { cosine, SGD } from '@tapegrad/optim';
import { ABOUT, OPTIONS } from './options.ts';

const options = readOptions(ABOUT, OPTIONS);
const { epochs, batch, dropout, learningRate, momentum, weightDecay, quiet } = options;
const [first, second] = options.hidden;
const random = new Random(options.seed);

const model = new Sequential(
  new Flatten(),
  new Dense(784, first, { random }),
  new ReLU(),
  new Dropout(dropout, { random }),
  new Dense(first, second, { random }),
  new ReLU(),
  new Dropout(dropout, { random }),
  new Dense(second, 10, { random }),
);

await runProgram(async () => {
  tryFolder(options.out, weightBytes(model) + PICTURE_BYTES);
  print(`${summary(model, { input: [batch, 1, 28, 28] })}\n`);
  const test = loadDigits('test', options.limit);

  if (options.evaluate === undefined) {
    const train = loadDigits('train', options.limit);
    const optimizer = new SGD(model.parameters(), { learningRate, momentum, weightDecay });
    const schedule = cosine(learningRate, { steps: epochs });
    const history = trainClassifier(model, optimizer, {
      ...{ train, test, epochs, batch, schedule, random, quiet },
      unit: 'digits',
    });
    const file = join(options.out, 'model.safetensors');
    saveWeights(file, model);
    printFile(file);
    const curve = learningCurve(history, { title: 'Learning to read digits', unit: 'digits', harder: 'with dropout' });
    await writePicture(join(options.out, 'learning-curve'), curve);
  } else {
    loadWeights(options.evaluate, model);
  }

  const readings = evaluate(model, test);
  const mistakes = mistakesPicture(test, readings, { unit: 'digits', captions: readAs });
  if (mistakes !== undefined) await writePicture(join(options.out, 'mistakes'), mistakes);
  print(`\nTest accuracy ${percent(readings.score.accuracy)} on ${test.count} digits; weights ${weightsSum(model)}`);
});
