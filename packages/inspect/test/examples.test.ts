/** The examples in inspect's docstrings and README. */

import { readdirSync } from 'node:fs';
import * as core from '@tapegrad/core';
import * as inspect from '@tapegrad/inspect';
import * as verify from '@tapegrad/verify';
import { testExamples } from '../../../test/examples.ts';

const sources = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `packages/inspect/src/${file}`);

testExamples([...sources, 'packages/inspect/README.md'], {
  '@tapegrad/core': core,
  '@tapegrad/inspect': inspect,
  '@tapegrad/verify': verify,
});
