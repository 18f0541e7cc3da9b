/** Trains an autoencoder on handwritten digits, and draws its results. */

import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { mnist } from '@tapegrad/data/datasets';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { print, runProgram } from '@tapegrad/example-toolkit/program';
import { useWideVectors } from '@tapegrad/example-toolkit/vectors';
import { weightBytes, weightsSum } from '@tapegrad/example-toolkit/weights';
import { tryFolder } from '@tapegrad/files/node';
import { summary } from '@tapegrad/nn';
import { epochTable, RunFolder } from '@tapegrad/train/node';
import { latentSpace } from './latent-space.ts';
import { Autoencoder } from './model.ts';
import { ABOUT, OPTIONS } from './options.ts';
import { elboCurve, reconstructions, samplesPicture } from './pictures.ts';
import { trainerOf } from './training.ts';

const { out, resume, quiet, full: _, ...config } = readOptions(ABOUT, OPTIONS);
const { epochs, batch, hidden, latent, learningRate, seed, limit, plain } = config;
const random = new Random(seed);
const model = new Autoencoder({ hidden, latent, variational: !plain, random });
const name = plain ? 'plain' : 'vae';
const format = (value: number) => value.toFixed(2);

await runProgram(async () => {
  useWideVectors();
  // Space for the model with two moments for each weight, and for the last checkpoint until the next one is complete.
  tryFolder(out, 7 * weightBytes(model) + PICTURE_BYTES);
  print(`${summary(model)}\n`);
  const [train, test] = [await mnist('train', { limit }), await mnist('test', { limit })];
  const trainer = trainerOf(model, { train: train.x, test: test.x, epochs, batch, learningRate, random });
  const run = new RunFolder(join(out, name), { config, existing: resume ? 'resume' : 'replace' });
  const { end, history } = await run.fit(trainer, {
    progress: quiet ? false : { unit: 'digits', format },
    hooks: epochTable({ unit: 'digits', format }),
  });
  if (end === 'stopped') return;

  print('');
  const show = (picture: string, svg: string) => writePicture(join(out, `${name}-${picture}`), svg);
  await show('learning-curve', elboCurve(history));
  await show('reconstructions', reconstructions(model, test, `${latent} numbers a digit`));
  if (latent === 2) await show('latent-space', latentSpace(model, test));
  if (!plain) await show('samples', samplesPicture(model, latent, new Random(seed)));

  const { loss, pixels = 0, code = 0 } = history.epochs.at(-1)!.validation!;
  print(
    `\nTest: ${format(loss)} nats a digit = ${format(pixels)} for its pixels + ${format(code)} for its code of ` +
      `${latent} numbers; weights ${weightsSum(model)}`,
  );
});
