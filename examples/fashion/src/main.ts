/** Trains a convolutional network on images of clothes, and draws its confusion matrix. */

import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { DataLoader, fromTensors, randomFlip, StandardScaler } from '@tapegrad/data';
import { mnistFolder } from '@tapegrad/data/datasets';
import { report, saveClassifier, testClassifier } from '@tapegrad/example-toolkit/classifier';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { print, runProgram } from '@tapegrad/example-toolkit/program';
import { useWideVectors } from '@tapegrad/example-toolkit/vectors';
import { loadWeights, weightBytes } from '@tapegrad/example-toolkit/weights';
import { tryFolder } from '@tapegrad/files/node';
import { crossEntropy, summary } from '@tapegrad/nn';
import { AdamW, cosine, warmUp } from '@tapegrad/optim';
import { accuracy, confusion, supervised, Trainer } from '@tapegrad/train';
import { confusionPicture } from '@tapegrad/train/plot';
import { CLASSES, fashionFolder } from './data.ts';
import { network } from './model.ts';
import { ABOUT, OPTIONS } from './options.ts';

/** The number of epochs in which the learning rate rises, before it falls. */
const RISE = 0.5;

const options = readOptions(ABOUT, OPTIONS);
const { epochs, batch, learningRate, weightDecay, limit, out, quiet } = options;
const random = new Random(options.seed);
const model = network({ random, dropout: options.dropout });
/** Scales the pixels by the mean and the standard deviation of the training pictures. */
const scaler = new StandardScaler().load({ mean: [0.286], std: [0.353] });

await runProgram(async () => {
  useWideVectors();
  tryFolder(out, weightBytes(model) + PICTURE_BYTES);
  const folder = options.data ?? (await fashionFolder({ cache: join(out, 'data') }));
  print(`${summary(model, { input: [batch, 1, 28, 28] })}\n`);
  const test = await mnistFolder(folder, 'test', { limit });
  const validation = new DataLoader(fromTensors({ x: scaler.apply(test.x), y: test.y }), { batchSize: 1000 });
  if (options.evaluate !== undefined) loadWeights(options.evaluate, model);
  else {
    const pictures = await mnistFolder(folder, 'train', { limit });
    const train = new DataLoader(fromTensors({ x: scaler.apply(pictures.x), y: pictures.y }), {
      batchSize: batch,
      random,
      augment: ({ x, y }, random) => ({ x: options.mirror === 1 ? randomFlip(x, { random }) : x, y }),
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
    const { history } = await trainer.fit(report('pictures', quiet));
    await saveClassifier(out, model, history, { title: 'Learning to tell clothes apart', unit: 'pictures' });
  }
  const predictions = await testClassifier(out, model, validation, test, { unit: 'pictures', classes: CLASSES });
  const table = confusion();
  table.update({ predictions, targets: test.y });
  await writePicture(join(out, 'confusion'), confusionPicture(table.value(), { classes: CLASSES }));
});
