/** Trains a convolutional network on handwritten digits, and draws its filters. */

import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { randomShift } from '@tapegrad/data';
import { batchesOf, evaluate } from '@tapegrad/example-toolkit/classification';
import { classifierCurve, report } from '@tapegrad/example-toolkit/classifier-run';
import { loadDigits } from '@tapegrad/example-toolkit/digits';
import { readAs, writeMistakes } from '@tapegrad/example-toolkit/mistakes';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { percent, print, runProgram } from '@tapegrad/example-toolkit/program';
import { loadWeights, weightBytes, weightsSum, writeWeights } from '@tapegrad/example-toolkit/weights';
import { tryFolder } from '@tapegrad/files/node';
import { crossEntropy, summary } from '@tapegrad/nn';
import { AdamW, cosine, warmUp } from '@tapegrad/optim';
import { accuracy, supervised, Trainer } from '@tapegrad/train';
import { filtersPicture } from './filters.ts';
import { network } from './model.ts';
import { ABOUT, OPTIONS } from './options.ts';

/** The number of epochs in which the learning rate rises, before it falls. */
const RISE = 0.5;

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
    const augment = (x: typeof train.images) => randomShift(x, options.shift, { random, fill: train.background });
    const loss = supervised(model, crossEntropy);
    const trainer = new Trainer({
      model,
      optimizer: new AdamW(model.parameters(), { learningRate, weightDecay }),
      train: batchesOf(train, batch, random),
      loss: ({ x, y }) => loss({ x: model.training ? augment(x as typeof train.images) : x, y }),
      validation: batchesOf(test, 1000),
      metrics: { accuracy },
      schedule: warmUp(cosine(learningRate, { steps: epochs - RISE }), { steps: RISE, startFactor: 0.1 }),
      ...{ scheduleBy: 'epochs', epochs, random },
    });
    const { history } = await trainer.fit(report('digits', quiet));
    writeWeights(join(options.out, 'model.safetensors'), model);
    const words = { title: 'Learning to read digits with convolutions', unit: 'digits' };
    await writePicture(join(options.out, 'learning-curve'), classifierCurve(history, words));
  } else {
    loadWeights(options.evaluate, model);
  }

  const readings = evaluate(model, test);
  await writeMistakes(join(options.out, 'mistakes'), test, readings, { unit: 'digits', captions: readAs });
  await writePicture(join(options.out, 'filters'), filtersPicture(model, test));
  print(`\nTest accuracy ${percent(readings.score.accuracy)} on ${test.count} digits; weights ${weightsSum(model)}`);
});
