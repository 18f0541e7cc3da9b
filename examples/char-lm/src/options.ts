/** The command-line options. */

import type { OptionTable } from '@tapegrad/example-toolkit/options';
import { outFolder } from '@tapegrad/example-toolkit/program';

export const ABOUT = `Trains two models to guess the next character of a book, an LSTM and a small GPT, and has them write.

  node examples/char-lm/dist/main.js                  two small models, part of the book
  node examples/char-lm/dist/main.js --full           larger ones, the book several times
  node examples/char-lm/dist/main.js --resume         goes on where a run with the same options was stopped
  node examples/char-lm/dist/main.js --text FILE      learns from another text`;

export const OPTIONS = {
  full: {
    kind: 'flag',
    sets: { steps: 3000, lstm: [256, 1], gpt: [128, 3, 4], batch: 32, lstmRate: 0.01, gptRate: 0.003, dropout: 0.1 },
    help: 'the long run',
  },
  text: { kind: 'path', help: 'a text to learn from instead of Moby-Dick' },
  limit: { kind: 'whole', default: 10_000_000, min: 1000, help: 'use the first N characters of it only' },
  steps: { kind: 'whole', default: 700, min: 1, help: 'mini-batches for each model' },
  rounds: { kind: 'whole', default: 10, min: 1, help: 'times that a model is tested and writes while it is trained' },
  batch: { kind: 'whole', default: 16, min: 1, help: 'pieces of text in a mini-batch' },
  context: { kind: 'whole', default: 64, min: 2, help: 'characters in a piece' },
  lstm: { kind: 'wholes', default: [112, 1], min: 1, help: 'width and layers of the LSTM' },
  gpt: { kind: 'wholes', default: [64, 2, 4], min: 1, help: 'width, layers and heads of the GPT' },
  dropout: { kind: 'number', default: 0, min: 0, max: 0.99, help: 'share of features left out in training' },
  lstmRate: { kind: 'number', default: 0.02, min: 0, help: 'largest step size of the LSTM' },
  gptRate: { kind: 'number', default: 0.006, min: 0, help: 'largest step size of the GPT' },
  temperature: { kind: 'number', default: 0.7, min: 0.01, help: 'of what they write: the lower, the more cautious' },
  length: { kind: 'whole', default: 400, min: 1, help: 'characters that they write at the end' },
  seed: { kind: 'whole', default: 42, help: 'of all random numbers: the same seed gives the same models' },
  resume: { kind: 'flag', help: 'go on from what a stopped run kept in the folder' },
  out: { kind: 'path', default: outFolder(import.meta.url), help: 'folder for checkpoints, logs and pictures' },
  quiet: { kind: 'flag', help: 'no progress bar' },
} as const satisfies OptionTable;
