/** The plain loops of the special functions. */

import type { NdArray } from '../../arrays/array.ts';
import type { SpecialKernels } from '../../primitives.ts';
import { erf, erfc } from '../../special.ts';
import { type OnBlock, unaryLoops } from '../elementwise.ts';

// One loop per function, as in elementwise.ts.
const loops: { readonly [P in keyof SpecialKernels<NdArray>]: OnBlock } = {
  erf(x, n) {
    for (let i = 0; i < n; i++) x[i] = erf(x[i]!);
  },
  erfc(x, n) {
    for (let i = 0; i < n; i++) x[i] = erfc(x[i]!);
  },
};

export const specialLoops: SpecialKernels<NdArray> = unaryLoops(loops);
