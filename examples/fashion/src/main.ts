/** Trains a convolutional network on images of clothes, and draws its confusion matrix. */

import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { mirrored } from '@tapegrad/example-toolkit/augmentation';
import { evaluate } from '@tapegrad/example-toolkit/classification';
import { percent, trainClassifier } from '@tapegrad/example-toolkit/classifier-run';
import { readLabelledImages } from '@tapegrad/example-toolkit/labelled-images';
import { learningCurve } from '@tapegrad/example-toolkit/learning-curve';
import { mistakesPicture } from '@tapegrad/example-toolkit/mistakes';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { print, printFile, runProgram } from '@tapegrad/example-toolkit/program';
import { loadWeights, saveWeights, weightBytes, weightsSum } from '@tapegrad/example-toolkit/weights';
import { tryFolder } from '@tapegrad/example-toolkit/whole-file';
import { summary } from '@tapegrad/nn';
import { AdamW, cosine, warmUp } from '@tapegrad/optim';
import { confusionPicture } from './confusion.ts';
import { fashionFolder, INK, KINDS } from './data.ts';
import { network } from './model.ts';
import { ABOUT, OPTIONS } from './options.ts';

/** The number of epochs in which the learning rate rises, before it falls. */
const RISE = 0.5;

/** The shape of one image: channels, rows, columns. */
type PictureShape = readonly [1, 28, 28];

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
    const optimizer = new AdamW(model.parameters(), { learningRate, weightDecay });
    const history = trainClassifier<PictureShape>(model, optimizer, {
      ...{ train, test, epochs, batch, random, quiet },
      unit: 'pictures',
      schedule: warmUp(cosine(learningRate, { steps: epochs - RISE }), { steps: RISE, startFactor: 0.1 }),
      augment: (x) => (options.mirror === 1 ? mirrored(x, random) : x),
    });
    const file = join(options.out, 'model.safetensors');
    saveWeights(file, model);
    printFile(file);
    const words = { title: 'Learning to tell clothes apart', unit: 'pictures', harder: 'with dropout' };
    await writePicture(join(options.out, 'learning-curve'), learningCurve(history, words));
  } else {
    loadWeights(options.evaluate, model);
  }

  const readings = evaluate<PictureShape>(model, test);
  const mistakes = mistakesPicture(test, readings, {
    unit: 'pictures',
    captions: ({ label, predicted }) => ({ caption: `${KINDS[predicted]}?`, details: `${KINDS[label]}` }),
  });
  if (mistakes !== undefined) await writePicture(join(options.out, 'mistakes'), mistakes);
  await writePicture(join(options.out, 'confusion'), confusionPicture(test.labels.data, readings.predicted));
  print(`\nTest accuracy ${percent(readings.score.accuracy)} on ${test.count} pictures; weights ${weightsSum(model)}`);
});
