/** Trains a network on handwritten digits: the program that `npm start` runs. */

import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { batchesOf, evaluate } from '@tapegrad/example-toolkit/classification';
import { classifierCurve, report } from '@tapegrad/example-toolkit/classifier-run';
import { loadDigits } from '@tapegrad/example-toolkit/digits';
import { readAs, writeMistakes } from '@tapegrad/example-toolkit/mistakes';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { percent, print, runProgram } from '@tapegrad/example-toolkit/program';
import { loadWeights, weightBytes, weightsSum, writeWeights } from '@tapegrad/example-toolkit/weights';
import { tryFolder } from '@tapegrad/files/node';
import { crossEntropy, Dense, Dropout, Flatten, ReLU, Sequential, summary } from '@tapegrad/nn';
import { cosine, SGD } from '@tapegrad/optim';
import { accuracy, deferred, supervised, Trainer } from '@tapegrad/train';
import { ABOUT, OPTIONS } from './options.ts';

const options = readOptions(ABOUT, OPTIONS);
const { epochs, batch, dropout, learningRate, momentum, weightDecay, out, quiet } = options;
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
  tryFolder(out, weightBytes(model) + PICTURE_BYTES);
  print(`${summary(model, { input: [batch, 1, 28, 28] })}\n`);
  const test = loadDigits('test', options.limit);
  if (options.evaluate !== undefined) loadWeights(options.evaluate, model);
  else {
    const trainer = new Trainer({
      model,
      optimizer: new SGD(model.parameters(), { learningRate, momentum, weightDecay }),
      loss: supervised(model, crossEntropy),
      train: deferred(batchesOf(loadDigits('train', options.limit), batch, random)),
      validation: batchesOf(test, 1000),
      metrics: { accuracy },
      schedule: cosine(learningRate, { steps: epochs }),
      ...{ scheduleBy: 'epochs', epochs },
    });
    const { history } = await trainer.fit(report('digits', quiet));
    writeWeights(join(out, 'model.safetensors'), model);
    const words = { title: 'Learning to read digits', unit: 'digits' };
    await writePicture(join(out, 'learning-curve'), classifierCurve(history, words));
  }
  const { score, ...readings } = evaluate(model, test);
  await writeMistakes(join(out, 'mistakes'), test, readings, { unit: 'digits', captions: readAs });
  print(`\nTest accuracy ${percent(score.accuracy)} on ${test.count} digits; weights ${weightsSum(model)}`);
});
