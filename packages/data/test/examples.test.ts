/** The examples of data's docstrings and README. */

import { readdirSync } from 'node:fs';
import * as core from '@tapegrad/core';
import * as data from '@tapegrad/data';
import { testExamples } from '../../../test/examples.ts';

const sources = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `packages/data/src/${file}`);

testExamples([...sources, 'packages/data/README.md'], { '@tapegrad/core': core, '@tapegrad/data': data });
