/** The examples in data's docstrings and README, and in the page for users of PyTorch, which uses a loader. */

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as core from '@tapegrad/core';
import * as data from '@tapegrad/data';
import * as datasets from '@tapegrad/data/datasets';
import * as hub from '@tapegrad/data/hub';
import * as tokenizers from '@tapegrad/data/tokenizers';
import * as files from '@tapegrad/files/node';
import * as nn from '@tapegrad/nn';
import * as optim from '@tapegrad/optim';
import { testExamples } from '../../../test/examples.ts';

const sources = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `packages/data/src/${file}`);

testExamples(
  [...sources, 'packages/data/README.md', 'docs/from-pytorch.md'],
  {
    '@tapegrad/core': core,
    '@tapegrad/files/node': files,
    '@tapegrad/nn': nn,
    '@tapegrad/optim': optim,
    '@tapegrad/data': data,
    '@tapegrad/data/datasets': datasets,
    '@tapegrad/data/hub': hub,
    '@tapegrad/data/tokenizers': tokenizers,
  },
  {
    compilerOptions: {
      types: ['node'],
      typeRoots: [fileURLToPath(new URL('../../../node_modules/@types', import.meta.url))],
    },
  },
);
