/** The examples in the docstrings and READMEs of nn and optim, and in the README of the repository. */

import { readdirSync } from 'node:fs';
import * as core from '@tapegrad/core';
import * as extend from '@tapegrad/core/extend';
import * as tape from '@tapegrad/core/tape';
import * as nn from '@tapegrad/nn';
import * as optim from '@tapegrad/optim';
import * as verify from '@tapegrad/verify';
import { testExamples } from '../../../test/examples.ts';

const documents = ['nn', 'optim'].flatMap((name) => [
  `packages/${name}/README.md`,
  ...readdirSync(new URL(`../../${name}/src`, import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `packages/${name}/src/${file}`),
]);

testExamples(['README.md', ...documents], {
  '@tapegrad/core': core,
  '@tapegrad/core/extend': extend,
  '@tapegrad/core/tape': tape,
  '@tapegrad/nn': nn,
  '@tapegrad/optim': optim,
  '@tapegrad/verify': verify,
});
