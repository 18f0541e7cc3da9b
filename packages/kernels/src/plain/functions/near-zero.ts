/** The plain loops of exponentials and logarithms that are accurate near 0. */

import type { NdArray } from '../../arrays/array.ts';
import type { NearZeroKernels } from '../../primitives.ts';
import { softplus } from '../../special.ts';
import { type OnBlock, unaryLoops } from '../elementwise.ts';

// One loop per function, as in elementwise.ts.
const loops: { readonly [P in keyof NearZeroKernels<NdArray>]: OnBlock } = {
  expm1(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.expm1(x[i]!);
  },
  log1p(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.log1p(x[i]!);
  },
  softplus(x, n) {
    for (let i = 0; i < n; i++) x[i] = softplus(x[i]!);
  },
};

export const nearZeroLoops: NearZeroKernels<NdArray> = unaryLoops(loops);
