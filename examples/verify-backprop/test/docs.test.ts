/** The derivation in the documentation: its programs compile, run, and print what their comments say. */

import * as core from '@tapegrad/core';
import * as extend from '@tapegrad/core/extend';
import * as tape from '@tapegrad/core/tape';
import * as inspect from '@tapegrad/inspect';
import * as nn from '@tapegrad/nn';
import * as optim from '@tapegrad/optim';
import * as verify from '@tapegrad/verify';
import { testExamples } from '../../../test/examples.ts';

const modules = {
  '@tapegrad/core': core,
  '@tapegrad/core/extend': extend,
  '@tapegrad/core/tape': tape,
  '@tapegrad/inspect': inspect,
  '@tapegrad/nn': nn,
  '@tapegrad/optim': optim,
  '@tapegrad/verify': verify,
};

testExamples(['docs/backpropagation.md'], modules, {
  continued: true,
  // Formulas index layers like the theory does: W[l + 1].
  compilerOptions: { noUncheckedIndexedAccess: false },
});
