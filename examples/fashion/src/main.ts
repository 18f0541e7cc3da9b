/** Trains a convolutional network on images of clothes, and draws its confusion matrix. */

import { join } from 'node:path';
import { Random, tensor } from '@tapegrad/core';
import { randomFlip } from '@tapegrad/data';
import { batchesOf, evaluate } from '@tapegrad/example-toolkit/classification';
import { classifierCurve, report } from '@tapegrad/example-toolkit/classifier-run';
import { readLabelledImages } from '@tapegrad/example-toolkit/labelled-images';
import { writeMistakes } from '@tapegrad/example-toolkit/mistakes';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { percent, print, runProgram } from '@tapegrad/example-toolkit/program';
import { loadWeights, weightBytes, weightsSum, writeWeights } from '@tapegrad/example-toolkit/weights';
import { tryFolder } from '@tapegrad/files/node';
import { crossEntropy, summary } from '@tapegrad/nn';
import { AdamW, cosine, warmUp } from '@tapegrad/optim';
import { accuracy, confusion, supervised, Trainer } from '@tapegrad/train';
import { confusionPicture } from '@tapegrad/train/plot';
import { fashionFolder, INK, KINDS } from './data.ts';
import { network } from './model.ts';
import { ABOUT, OPTIONS } from './options.ts';

/** The number of epochs in which the learning rate rises, before it falls. */
const RISE = 0.5;

const options = readOptions(ABOUT, OPTIONS);
const { epochs, batch, learningRate, weightDecay, limit, quiet } = options;
const random = new Random(options.seed);
const model = network({ random, dropout: options.dropout });

await runProgram(async () => {
  tryFolder(options.out, weightBytes(model) + PICTURE_BYTES);
  const folder = options.data ?? (await fashionFolder({ cache: join(options.out, 'data') }));
  print(`${summary(model, { input: [batch, 1, 28, 28] })}\n`);
  const test = readLabelledImages(folder, 'test', { ink: INK, limit });

  if (options.evaluate === undefined) {
    const train = readLabelledImages(folder, 'train', { ink: INK, limit });
    const augment = (x: typeof train.images) => (options.mirror === 1 ? randomFlip(x, { random }) : x);
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
    const { history } = await trainer.fit(report('pictures', quiet));
    writeWeights(join(options.out, 'model.safetensors'), model);
    const words = { title: 'Learning to tell clothes apart', unit: 'pictures' };
    await writePicture(join(options.out, 'learning-curve'), classifierCurve(history, words));
  } else {
    loadWeights(options.evaluate, model);
  }

  const readings = evaluate(model, test);
  await writeMistakes(join(options.out, 'mistakes'), test, readings, {
    unit: 'pictures',
    captions: ({ label, predicted }) => ({ caption: `${KINDS[predicted]}?`, details: `${KINDS[label]}` }),
  });
  const table = confusion();
  table.update({ predictions: tensor(readings.predicted), targets: test.labels });
  await writePicture(join(options.out, 'confusion'), confusionPicture(table.value(), { classes: KINDS }));
  print(`\nTest accuracy ${percent(readings.score.accuracy)} on ${test.count} pictures; weights ${weightsSum(model)}`);
});
