/** The examples in the docstrings and the README of formulas. */

import { readdirSync } from 'node:fs';
import * as core from '@tapegrad/core';
import * as formulas from '@tapegrad/formulas';
import * as html from '@tapegrad/formulas/html';
import { testExamples } from '../../../test/examples.ts';
import * as nn from '../../nn/src/index.ts';

const sources = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `packages/formulas/src/${file}`);

testExamples([...sources, 'packages/formulas/README.md'], {
  '@tapegrad/core': core,
  '@tapegrad/nn': nn,
  '@tapegrad/formulas': formulas,
  '@tapegrad/formulas/html': html,
});
