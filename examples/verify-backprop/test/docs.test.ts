/** The derivation that the documentation tells: its programs compile, run, and give what their comments say. */

import * as core from '@tapegrad/core';
import * as inspect from '@tapegrad/inspect';
import * as nn from '@tapegrad/nn';
import * as optim from '@tapegrad/optim';
import { testExamples } from '../../../packages/core/test/examples.ts';

const modules = {
  '@tapegrad/core': core,
  '@tapegrad/inspect': inspect,
  '@tapegrad/nn': nn,
  '@tapegrad/optim': optim,
};

testExamples(['docs/backpropagation.md'], modules, {
  continued: true,
  // Formulas index layers as the theory does, W[l + 1].
  compilerOptions: { noUncheckedIndexedAccess: false },
});
