/** The examples in core's docstrings and README. */

import { readdirSync } from 'node:fs';
import * as core from '@tapegrad/core';
import * as extend from '@tapegrad/core/extend';
import * as tape from '@tapegrad/core/tape';
import * as ndarray from '@tapegrad/kernels/ndarray';
import * as reference from '@tapegrad/kernels/reference';
import * as verify from '@tapegrad/verify';
import { afterEach } from 'vitest';
import { testExamples } from '../../../test/examples.ts';
import { restoreInterpreter } from '../../../test/interpreters.ts';

afterEach(restoreInterpreter);

const sources = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `packages/core/src/${file}`);

testExamples([...sources, 'packages/core/README.md'], {
  '@tapegrad/core': core,
  '@tapegrad/core/extend': extend,
  '@tapegrad/core/tape': tape,
  '@tapegrad/kernels/ndarray': ndarray,
  '@tapegrad/kernels/reference': reference,
  '@tapegrad/verify': verify,
});
