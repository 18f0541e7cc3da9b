/** The command-line options. */

import type { OptionTable } from '@tapegrad/example-toolkit/options';
import { outFolder } from '@tapegrad/example-toolkit/program';

export const ABOUT = `Trains a convolutional network to tell clothes apart, and draws which it takes for which.

  node examples/fashion/dist/main.js         trains for some epochs
  node examples/fashion/dist/main.js --full  trains for longer, with pictures mirrored, and makes fewer mistakes

Fashion-MNIST (31 MB) is downloaded on the first run, unless it is in the folder that --data names.`;

export const OPTIONS = {
  full: { kind: 'flag', sets: { epochs: 12, mirror: 1 }, help: 'the long run' },
  epochs: { kind: 'whole', default: 3, min: 1, help: 'passes over the training pictures' },
  mirror: { kind: 'whole', default: 0, min: 0, max: 1, help: 'whether (1) half of the training pictures are mirrored' },
  batch: { kind: 'whole', default: 128, min: 2, help: 'pictures in a mini-batch' },
  learningRate: { kind: 'number', default: 0.004, min: 0, alias: 'lr', help: 'the largest step size' },
  weightDecay: { kind: 'number', default: 0.02, min: 0, help: 'pull of the weights towards 0' },
  dropout: { kind: 'number', default: 0.25, min: 0, max: 0.99, help: 'share of features left out in training' },
  seed: { kind: 'whole', default: 42, help: 'of all random numbers: the same seed gives the same network' },
  limit: { kind: 'whole', default: 60_000, min: 2, help: 'use the first N training and N test pictures only' },
  data: { kind: 'path', help: 'folder with the four files of Fashion-MNIST, packed or not' },
  out: { kind: 'path', default: outFolder(import.meta.url), help: 'folder for the data, the weights and the pictures' },
  evaluate: { kind: 'path', help: 'test the weights in this file instead of training' },
  quiet: { kind: 'flag', help: 'no progress bar' },
} as const satisfies OptionTable;
