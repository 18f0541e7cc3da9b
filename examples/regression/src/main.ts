/** Predicts the fuel economy of cars from six numbers, and prints the error in miles per gallon. */

import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { outFolder, print, runProgram } from '@tapegrad/example-toolkit/program';
import { TextTable } from '@tapegrad/example-toolkit/text-table';
import { tryFolder } from '@tapegrad/files/node';
import { Dense, Sequential, Tanh } from '@tapegrad/nn';
import { loadCars, split } from './cars.ts';
import { type Errors, errorsOf, fit } from './fitting.ts';
import { fittingPicture } from './picture.ts';

const options = readOptions('Predicts the economy of cars, and tests the prediction on cars that were kept back.', {
  epochs: { kind: 'whole', default: 200, min: 1, help: 'passes over the training cars' },
  batch: { kind: 'whole', default: 16, min: 1, help: 'cars in a mini-batch' },
  hidden: { kind: 'whole', default: 16, min: 1, help: 'width of the hidden layer' },
  learningRate: { kind: 'number', default: 0.02, min: 0, alias: 'lr', help: 'step size at the start; it falls to 0' },
  weightDecay: { kind: 'number', default: 1e-3, min: 0, help: 'pull of the weights towards 0' },
  seed: { kind: 'whole', default: 42, help: 'of the split, the first weights and the order of the cars' },
  out: { kind: 'path', default: outFolder(import.meta.url), help: 'folder for the picture' },
});

await runProgram(async () => {
  tryFolder(options.out, PICTURE_BYTES);
  const random = new Random(options.seed);
  const { train, test } = split(await loadCars(), 0.8, random);
  print(`${train.y.shape[0]} cars to train with, ${test.y.shape[0]} to test with\n`);

  const line = new Dense(6, 1, { random });
  const network = new Sequential(
    new Dense(6, options.hidden, { random }),
    new Tanh(),
    new Dense(options.hidden, 1, { random }),
  );
  const lineFit = await fit(line, train, test, { ...options, random });
  const networkFit = await fit(network, train, test, { ...options, random });

  const baseline = errorsOf(train.y.mean(0).broadcastTo(test.y.shape), test.y);
  const table = new TextTable<Errors & { readonly name: string }>([
    { title: 'error on the test cars', cell: ({ name }) => name, align: 'left' },
    { title: 'RMSE, mpg', cell: ({ rmse }) => rmse.toFixed(2) },
    { title: 'MAE, mpg', cell: ({ mae }) => mae.toFixed(2) },
  ]);
  print(table.heading());
  print(table.row({ name: 'always the mean', ...baseline }));
  print(table.row({ name: 'linear', ...errorsOf(lineFit.predict(test.x), test.y) }));
  print(table.row({ name: `network of ${options.hidden}`, ...errorsOf(networkFit.predict(test.x), test.y) }));

  const picture = fittingPicture(test, networkFit, baseline);
  await writePicture(join(options.out, 'fit'), picture);
});
