/** Trains a network on handwritten digits: the program that `npm start` runs. */

import { Random } from '@tapegrad/core';
import { DataLoader, fromTensors, StandardScaler } from '@tapegrad/data';
import { mnist } from '@tapegrad/data/datasets';
import { report, saveClassifier, testClassifier } from '@tapegrad/example-toolkit/classifier';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES } from '@tapegrad/example-toolkit/picture-file';
import { print, runProgram } from '@tapegrad/example-toolkit/program';
import { useWideVectors } from '@tapegrad/example-toolkit/vectors';
import { loadWeights, weightBytes } from '@tapegrad/example-toolkit/weights';
import { tryFolder } from '@tapegrad/files/node';
import { crossEntropy, Dense, Dropout, Flatten, ReLU, Sequential, summary } from '@tapegrad/nn';
import { cosine, SGD } from '@tapegrad/optim';
import { accuracy, deferred, supervised, Trainer } from '@tapegrad/train';
import { ABOUT, OPTIONS } from './options.ts';

const options = readOptions(ABOUT, OPTIONS);
const { epochs, batch, dropout, learningRate, momentum, weightDecay, limit, out, quiet } = options;
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
/** Scales the pixels by the mean and the standard deviation of the training digits. */
const scaler = new StandardScaler().load({ mean: [0.1307], std: [0.3081] });

await runProgram(async () => {
  useWideVectors();
  tryFolder(out, weightBytes(model) + PICTURE_BYTES);
  print(`${summary(model, { input: [batch, 1, 28, 28] })}\n`);
  const test = await mnist('test', { limit });
  const validation = new DataLoader(fromTensors({ x: scaler.apply(test.x), y: test.y }), { batchSize: 1000 });
  if (options.evaluate !== undefined) loadWeights(options.evaluate, model);
  else {
    const { x, y } = await mnist('train', { limit });
    const train = new DataLoader(fromTensors({ x: scaler.apply(x), y }), { batchSize: batch, random });
    const trainer = new Trainer({
      model,
      optimizer: new SGD(model.parameters(), { learningRate, momentum, weightDecay }),
      loss: supervised(model, crossEntropy),
      train: deferred(train),
      validation,
      metrics: { accuracy },
      schedule: cosine(learningRate, { steps: epochs }),
      scheduleBy: 'epochs',
      epochs,
    });
    const { history } = await trainer.fit(report('digits', quiet));
    await saveClassifier(out, model, history, { title: 'Learning to read digits', unit: 'digits' });
  }
  await testClassifier(out, model, validation, test, { unit: 'digits' });
});
