/** Trains a convolutional network on handwritten digits, and draws its filters. */

import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { DataLoader, fromTensors, randomShift, StandardScaler } from '@tapegrad/data';
import { mnist } from '@tapegrad/data/datasets';
import { report, saveClassifier, testClassifier } from '@tapegrad/example-toolkit/classifier';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { print, runProgram } from '@tapegrad/example-toolkit/program';
import { useWideVectors } from '@tapegrad/example-toolkit/vectors';
import { loadWeights, weightBytes } from '@tapegrad/example-toolkit/weights';
import { tryFolder } from '@tapegrad/files/node';
import { crossEntropy, summary } from '@tapegrad/nn';
import { AdamW, cosine, warmUp } from '@tapegrad/optim';
import { accuracy, supervised, Trainer } from '@tapegrad/train';
import { filtersPicture } from './filters.ts';
import { network } from './model.ts';
import { ABOUT, OPTIONS } from './options.ts';

/** The number of epochs in which the learning rate rises, before it falls. */
const RISE = 0.5;
/** The mean and the standard deviation of the pixels of all training digits. */
const [MEAN, STD] = [0.1307, 0.3081];

const options = readOptions(ABOUT, OPTIONS);
const { epochs, batch, learningRate, weightDecay, shift, limit, out, quiet } = options;
const random = new Random(options.seed);
const model = network({ random, dropout: options.dropout });
const scaler = new StandardScaler().load({ mean: [MEAN], std: [STD] });

await runProgram(async () => {
  useWideVectors();
  tryFolder(out, weightBytes(model) + PICTURE_BYTES);
  print(`${summary(model, { input: [batch, 1, 28, 28] })}\n`);
  const test = await mnist('test', { limit });
  const validation = new DataLoader(fromTensors({ x: scaler.apply(test.x), y: test.y }), { batchSize: 1000 });
  if (options.evaluate !== undefined) loadWeights(options.evaluate, model);
  else {
    const digits = await mnist('train', { limit });
    const train = new DataLoader(fromTensors({ x: scaler.apply(digits.x), y: digits.y }), {
      batchSize: batch,
      random,
      augment: ({ x, y }, random) => ({ x: randomShift(x, shift, { random, fill: -MEAN / STD }), y }),
    });
    const trainer = new Trainer({
      model,
      optimizer: new AdamW(model.parameters(), { learningRate, weightDecay }),
      loss: supervised(model, crossEntropy),
      train,
      validation,
      metrics: { accuracy },
      schedule: warmUp(cosine(learningRate, { steps: epochs - RISE }), { steps: RISE, startFactor: 0.1 }),
      scheduleBy: 'epochs',
      epochs,
    });
    const { history } = await trainer.fit(report('digits', quiet));
    await saveClassifier(out, model, history, { title: 'Learning to read digits with convolutions', unit: 'digits' });
  }
  await testClassifier(out, model, validation, test, { unit: 'digits' });
  await writePicture(join(out, 'filters'), filtersPicture(model, test.x.slice(0, 0, 1), scaler));
});
