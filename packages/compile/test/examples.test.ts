/** The examples in the docstrings and the README. */

import { readdirSync } from 'node:fs';
import * as compile from '@tapegrad/compile';
import * as core from '@tapegrad/core';
import * as nn from '@tapegrad/nn';
import * as optim from '@tapegrad/optim';
import { testExamples } from '../../../test/examples.ts';

const sources = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `packages/compile/src/${file}`);

testExamples(['packages/compile/README.md', 'docs/compile.md', ...sources], {
  '@tapegrad/compile': compile,
  '@tapegrad/core': core,
  '@tapegrad/nn': nn,
  '@tapegrad/optim': optim,
});
