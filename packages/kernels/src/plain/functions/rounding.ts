/** The plain loops of rounding and remainders. */

import { resultOf } from '../../abstract/shape-inference.ts';
import type { NdArray } from '../../arrays/array.ts';
import { emptyOf } from '../../arrays/movement.ts';
import type { RoundingKernels, Unary } from '../../primitives.ts';
import { remainder, roundToEven } from '../../special.ts';
import { mapBlockPairs, type OnBlock, unaryLoops } from '../elementwise.ts';

// One loop per function, as in elementwise.ts.
const unary: { readonly [P in Unary & keyof RoundingKernels<NdArray>]: OnBlock } = {
  floor(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.floor(x[i]!);
  },
  ceil(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.ceil(x[i]!);
  },
  round(x, n) {
    for (let i = 0; i < n; i++) x[i] = roundToEven(x[i]!);
  },
};

export const roundingLoops: RoundingKernels<NdArray> = {
  ...unaryLoops(unary),
  remainder: (x, y) =>
    mapBlockPairs(
      (left, right, n) => {
        for (let i = 0; i < n; i++) left[i] = remainder(left[i]!, right[i]!);
      },
      x,
      y,
      emptyOf(resultOf.remainder(x, y)),
    ),
};
