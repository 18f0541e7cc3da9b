/** The command-line options. */

import type { OptionTable } from '@tapegrad/example-toolkit/options';
import { outFolder } from '@tapegrad/example-toolkit/program';

export const ABOUT = `Trains a convolutional network to read handwritten digits, and draws what it has learned to look for.

  node examples/conv-mnist/dist/main.js         trains for some epochs
  node examples/conv-mnist/dist/main.js --full  trains for longer, with digits moved about, and makes fewer mistakes`;

export const OPTIONS = {
  full: { kind: 'flag', sets: { epochs: 10, shift: 2 }, help: 'the long run' },
  epochs: { kind: 'whole', default: 3, min: 1, help: 'passes over the training digits' },
  batch: { kind: 'whole', default: 128, min: 2, help: 'digits in a mini-batch' },
  learningRate: { kind: 'number', default: 0.005, min: 0, alias: 'lr', help: 'the largest step size' },
  weightDecay: { kind: 'number', default: 0.01, min: 0, help: 'pull of the weights towards 0' },
  dropout: { kind: 'number', default: 0.2, min: 0, max: 0.99, help: 'share of features left out in training' },
  shift: { kind: 'whole', default: 0, min: 0, max: 27, help: 'pixels by which training digits are moved at most' },
  seed: { kind: 'whole', default: 42, help: 'of all random numbers: the same seed gives the same network' },
  limit: { kind: 'whole', default: 60_000, min: 2, help: 'use the first N training and N test digits only' },
  out: { kind: 'path', default: outFolder(import.meta.url), help: 'folder for the weights and the pictures' },
  evaluate: { kind: 'path', help: 'test the weights in this file instead of training' },
  quiet: { kind: 'flag', help: 'no progress bar' },
} as const satisfies OptionTable;
