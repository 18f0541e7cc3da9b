/** The command-line options. */

import type { OptionTable } from '@tapegrad/example-toolkit/options';
import { outFolder } from '@tapegrad/example-toolkit/program';

export const ABOUT = `Over-fits a wide network to a few digits, and shows what weight decay and dropout do about it.

  node examples/regularisation/dist/main.js         trains each network from three seeds
  node examples/regularisation/dist/main.js --full  from ten seeds, and for longer`;

export const OPTIONS = {
  full: { kind: 'flag', sets: { seeds: 10, epochs: 100 }, help: 'the long run' },
  seeds: { kind: 'whole', default: 3, min: 1, help: 'networks for each point of the curves' },
  epochs: { kind: 'whole', default: 40, min: 1, help: 'passes over the training digits' },
  digits: { kind: 'whole', default: 500, min: 10, max: 60_000, help: 'digits to train with' },
  test: { kind: 'whole', default: 3000, min: 10, max: 10_000, help: 'digits to test with' },
  hidden: { kind: 'whole', default: 256, min: 1, help: 'width of the two hidden layers' },
  batch: { kind: 'whole', default: 50, min: 1, help: 'digits in a mini-batch' },
  learningRate: { kind: 'number', default: 0.05, min: 0, alias: 'lr', help: 'step size at the start; it falls to 0' },
  momentum: { kind: 'number', default: 0.9, min: 0, max: 0.99, help: 'share of the velocity that stays' },
  seed: { kind: 'whole', default: 42, help: 'the first of the seeds' },
  out: { kind: 'path', default: outFolder(import.meta.url), help: 'folder for the picture' },
  quiet: { kind: 'flag', help: 'no progress bar' },
} as const satisfies OptionTable;
