/** The examples in the docstrings and the README of verify. */

import { readdirSync } from 'node:fs';
import * as core from '@tapegrad/core';
import * as verify from '@tapegrad/verify';
import { testExamples } from '../../../test/examples.ts';

const sources = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `packages/verify/src/${file}`);

testExamples([...sources, 'packages/verify/README.md'], { '@tapegrad/core': core, '@tapegrad/verify': verify });
