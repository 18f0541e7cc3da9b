/** The command-line options. */

import type { OptionTable } from '@tapegrad/example-toolkit/options';
import { outFolder } from '@tapegrad/example-toolkit/program';

export const ABOUT = `Trains a variational autoencoder on handwritten digits, and draws what it makes of them.

  node examples/vae/dist/main.js               codes of two numbers: a map of the digits
  node examples/vae/dist/main.js --latent 20   codes of twenty: better pictures, and digits out of nothing
  node examples/vae/dist/main.js --plain       a plain autoencoder
  node examples/vae/dist/main.js --full        trains for longer
  node examples/vae/dist/main.js --resume      goes on where a run with the same options was stopped`;

export const OPTIONS = {
  full: { kind: 'flag', sets: { epochs: 50, hidden: [512, 256] }, help: 'the long run' },
  plain: { kind: 'flag', help: 'a plain autoencoder: a code is a point, and costs nothing' },
  epochs: { kind: 'whole', default: 10, min: 1, help: 'passes over the training digits' },
  batch: { kind: 'whole', default: 128, min: 1, help: 'digits in a mini-batch' },
  hidden: { kind: 'wholes', default: [256, 128], min: 1, help: 'widths of the layers between pixels and code' },
  latent: { kind: 'whole', default: 2, min: 1, help: 'numbers in a code' },
  learningRate: { kind: 'number', default: 0.002, min: 0, alias: 'lr', help: 'step size at the start; it falls to 0' },
  seed: { kind: 'whole', default: 42, help: 'of all random numbers: the same seed gives the same network' },
  limit: { kind: 'whole', default: 60_000, min: 1, help: 'use the first N training and N test digits only' },
  resume: { kind: 'flag', help: 'go on from what a stopped run kept in the folder' },
  out: {
    kind: 'path',
    default: outFolder(import.meta.url),
    help: 'folder for the checkpoints, the logs and the pictures',
  },
  quiet: { kind: 'flag', help: 'no progress bar' },
} as const satisfies OptionTable;
