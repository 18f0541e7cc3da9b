/** The examples in the docstrings and the README. */

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as core from '@tapegrad/core';
import * as data from '@tapegrad/data';
import * as nn from '@tapegrad/nn';
import * as optim from '@tapegrad/optim';
import * as train from '@tapegrad/train';
import * as trainNode from '@tapegrad/train/node';
import * as trainPlot from '@tapegrad/train/plot';
import * as trainWorker from '@tapegrad/train/worker';
import { testExamples } from '../../../test/examples.ts';

const sources = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `packages/train/src/${file}`);

testExamples(
  ['packages/train/README.md', ...sources],
  {
    '@tapegrad/core': core,
    '@tapegrad/data': data,
    '@tapegrad/nn': nn,
    '@tapegrad/optim': optim,
    '@tapegrad/train': train,
    '@tapegrad/train/node': trainNode,
    '@tapegrad/train/plot': trainPlot,
    '@tapegrad/train/worker': trainWorker,
  },
  {
    compilerOptions: {
      types: ['node'],
      typeRoots: [fileURLToPath(new URL('../../../node_modules/@types', import.meta.url))],
    },
  },
);
