/** The examples in the docstrings and the README of files. */

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as core from '@tapegrad/core';
import * as files from '@tapegrad/files';
import * as browser from '@tapegrad/files/browser';
import * as csv from '@tapegrad/files/csv';
import * as gguf from '@tapegrad/files/gguf';
import * as idx from '@tapegrad/files/idx';
import * as images from '@tapegrad/files/images';
import * as node from '@tapegrad/files/node';
import * as parquet from '@tapegrad/files/parquet';
import * as tensorboard from '@tapegrad/files/tensorboard';
import * as nn from '@tapegrad/nn';
import * as optim from '@tapegrad/optim';
import { testExamples } from '../../../test/examples.ts';

const sources = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `packages/files/src/${file}`);

testExamples(
  [...sources, 'packages/files/README.md'],
  {
    '@tapegrad/core': core,
    '@tapegrad/nn': nn,
    '@tapegrad/optim': optim,
    '@tapegrad/files': files,
    '@tapegrad/files/browser': browser,
    '@tapegrad/files/csv': csv,
    '@tapegrad/files/gguf': gguf,
    '@tapegrad/files/idx': idx,
    '@tapegrad/files/images': images,
    '@tapegrad/files/node': node,
    '@tapegrad/files/parquet': parquet,
    '@tapegrad/files/tensorboard': tensorboard,
  },
  {
    compilerOptions: {
      types: ['node'],
      typeRoots: [fileURLToPath(new URL('../../../node_modules/@types', import.meta.url))],
    },
  },
);
