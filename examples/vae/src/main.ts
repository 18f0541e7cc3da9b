/** Trains an autoencoder on handwritten digits, and draws its results. */

import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { digitsFolder } from '@tapegrad/example-toolkit/digits';
import { type LabelledImages, type Part, readLabelledImages } from '@tapegrad/example-toolkit/labelled-images';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { print, runProgram } from '@tapegrad/example-toolkit/program';
import { weightBytes, weightsSum } from '@tapegrad/example-toolkit/weights';
import { tryFolder } from '@tapegrad/files/node';
import { summary } from '@tapegrad/nn';
import { latentSpace } from './latent-space.ts';
import { Autoencoder } from './model.ts';
import { ABOUT, OPTIONS } from './options.ts';
import { learningCurve, reconstructions, samplesPicture } from './pictures.ts';
import { type Epoch, epochTable } from './report.ts';
import { trainEpochs } from './run.ts';
import { evaluate, total } from './training.ts';

const options = readOptions(ABOUT, OPTIONS);
const { epochs, batch, hidden, latent, learningRate, seed, limit, plain, resume, quiet } = options;
const random = new Random(seed);
const model = new Autoencoder({ hidden, latent, variational: !plain, random });

/** Reads images with pixels from 0 (no ink) to 1 (full ink). */
const load = (part: Part): LabelledImages =>
  readLabelledImages(digitsFolder(), part, { ink: { mean: 0, deviation: 1 }, limit });

await runProgram(async () => {
  // Space for the model with two moments for each weight, and for the last checkpoint until the next one is complete.
  tryFolder(options.out, 6 * weightBytes(model) + PICTURE_BYTES);
  print(`${summary(model)}\n`);
  const test = load('test');
  const name = plain ? 'plain' : 'vae';
  const run = {
    ...{ epochs, batch, learningRate, random, resume, quiet },
    checkpoint: join(options.out, `${name}.checkpoint`),
    settings: { epochs, batch, learningRate, hidden: String(hidden), latent, plain, seed, limit },
  };
  const history: Epoch[] = [];
  print(epochTable.heading());
  for (const epoch of trainEpochs(model, { train: load('train'), test }, run)) {
    history.push(epoch);
    print(epochTable.row(epoch));
  }
  print('');

  const show = (picture: string, svg: string): Promise<void> =>
    writePicture(join(options.out, `${name}-${picture}`), svg);
  await show('learning-curve', learningCurve(history));
  await show('reconstructions', reconstructions(model, test, `${latent} numbers a digit`));
  if (latent === 2) await show('latent-space', latentSpace(model, test));
  if (!plain) await show('samples', samplesPicture(model, latent, new Random(seed)));

  const score = evaluate(model, test);
  print(
    `\nTest: ${total(score).toFixed(2)} nats a digit = ${score.reconstruction.toFixed(2)} for its pixels + ` +
      `${score.divergence.toFixed(2)} for its code of ${latent} numbers; weights ${weightsSum(model)}`,
  );
});
