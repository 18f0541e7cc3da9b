/** The examples in the README and in the docstrings of the public API. */

import * as kernels from '@tapegrad/kernels';
import * as ndarray from '@tapegrad/kernels/ndarray';
import * as testing from '@tapegrad/kernels/testing';
import { testExamples } from '../../../test/examples.ts';

const files = ['README.md', 'src/ndarray.ts', 'src/testing/compare.ts'];

testExamples(
  files.map((file) => `packages/kernels/${file}`),
  { '@tapegrad/kernels': kernels, '@tapegrad/kernels/ndarray': ndarray, '@tapegrad/kernels/testing': testing },
);
