/** Trains a convolutional network on handwritten digits, and draws its filters. */

import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { shifted } from '@tapegrad/example-toolkit/augmentation';
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
import { summary } from '@tapegrad/nn';
import { AdamW, cosine, warmUp } from '@tapegrad/optim';
import { filtersPicture } from './filters.ts';
import { network } from './model.ts';
import { ABOUT, OPTIONS } from './options.ts';

/** The number of epochs in which the learning rate rises, before it falls. */
const RISE = 0.5;

/** The shape of one image: channels, rows, columns. */
type DigitShape = readonly [1, 28, 28];

const options = readOptions(ABOUT, OPTIONS);
const { epochs, batch, learningRate, weightDecay, quiet } = options;
const random = new Random(options.seed);
const model = network({ random, dropout: options.dropout });

await runProgram(async () => {
  tryFolder(options.out, weightBytes(model) + PICTURE_BYTES);
  print(`${summary(model, { input: [batch, 1, 28, 28] })}\n`);
  const test = loadDigits('test', options.limit);

  if (options.evaluate === undefined) {
    const train = loadDigits('train', options.limit);
    const optimizer = new AdamW(model.parameters(), { learningRate, weightDecay });
    const history = trainClassifier<DigitShape>(model, optimizer, {
      ...{ train, test, epochs, batch, random, quiet },
      unit: 'digits',
      schedule: warmUp(cosine(learningRate, { steps: epochs - RISE }), { steps: RISE, startFactor: 0.1 }),
      augment: (x) => shifted(x, options.shift, { random, background: train.background }),
    });
    const file = join(options.out, 'model.safetensors');
    saveWeights(file, model);
    printFile(file);
    const words = { title: 'Learning to read digits with convolutions', unit: 'digits', harder: 'with dropout' };
    await writePicture(join(options.out, 'learning-curve'), learningCurve(history, words));
  } else {
    loadWeights(options.evaluate, model);
  }

  const readings = evaluate(model, test);
  const mistakes = mistakesPicture(test, readings, { unit: 'digits', captions: readAs });
  if (mistakes !== undefined) await writePicture(join(options.out, 'mistakes'), mistakes);
  await writePicture(join(options.out, 'filters'), filtersPicture(model, test));
  print(`\nTest accuracy ${percent(readings.score.accuracy)} on ${test.count} digits; weights ${weightsSum(model)}`);
});
