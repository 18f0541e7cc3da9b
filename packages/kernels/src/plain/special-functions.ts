/** The plain loops of the special functions. */

import { resultOf } from '../abstract/shape-inference.ts';
import type { NdArray } from '../arrays/array.ts';
import { emptyOf } from '../arrays/movement.ts';
import { mapEntries, type SpecialKernels } from '../primitives.ts';
import { erf, erfc } from '../special.ts';
import { mapBlocks, type OnBlock } from './elementwise.ts';

// One loop per function, as in elementwise.ts.
const loops: { readonly [P in keyof SpecialKernels<NdArray>]: OnBlock } = {
  erf(x, n) {
    for (let i = 0; i < n; i++) x[i] = erf(x[i]!);
  },
  erfc(x, n) {
    for (let i = 0; i < n; i++) x[i] = erfc(x[i]!);
  },
};

export const specialLoops: SpecialKernels<NdArray> = mapEntries(
  loops,
  (name, f) => (x: NdArray) => mapBlocks(f, x, emptyOf(resultOf[name](x))),
);
