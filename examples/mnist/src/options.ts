/** The command-line options. */

import type { OptionTable } from '@tapegrad/example-toolkit/options';
import { outFolder } from '@tapegrad/example-toolkit/program';

export const ABOUT = `Trains a network to read handwritten digits, and tests it on digits that it has not seen.

  npm start                                                     trains and tests
  npm start -- --epochs 10 --hidden 512,256                     trains a wider network for longer
  npm start -- --evaluate examples/mnist/out/model.safetensors  tests a network that was trained before`;

export const OPTIONS = {
  epochs: { kind: 'whole', default: 5, min: 1, help: 'passes over the training digits' },
  batch: { kind: 'whole', default: 128, min: 1, help: 'digits in a mini-batch' },
  hidden: { kind: 'wholes', default: [256, 128], min: 1, help: 'widths of the two hidden layers' },
  learningRate: { kind: 'number', default: 0.05, min: 0, alias: 'lr', help: 'step size at the start; it falls to 0' },
  momentum: { kind: 'number', default: 0.9, min: 0, max: 1, help: 'share of the last step in the next' },
  weightDecay: { kind: 'number', default: 1e-4, min: 0, help: 'pull of the weights towards 0' },
  dropout: { kind: 'number', default: 0.2, min: 0, max: 0.99, help: 'share of hidden units left out in training' },
  seed: { kind: 'whole', default: 42, help: 'of all random numbers: the same seed gives the same network' },
  limit: { kind: 'whole', default: 60_000, min: 1, help: 'use the first N training and N test digits only' },
  out: { kind: 'path', default: outFolder(import.meta.url), help: 'folder for the weights and the pictures' },
  evaluate: { kind: 'path', help: 'test the weights in this file instead of training' },
  quiet: { kind: 'flag', help: 'no progress bar' },
} as const satisfies OptionTable;
