/** The plain loops of the special functions. */

import { resultOf } from '../abstract/shape-inference.ts';
import type { NdArray } from '../arrays/array.ts';
import { emptyOf } from '../arrays/movement.ts';
import type { SpecialKernels } from '../primitives.ts';
import { erfc } from '../special.ts';
import { mapBlocks } from './elementwise.ts';

export const specialLoops: SpecialKernels<NdArray> = {
  erfc: (x) =>
    mapBlocks(
      (block, n) => {
        for (let i = 0; i < n; i++) block[i] = erfc(block[i]!);
      },
      x,
      emptyOf(resultOf.erfc(x)),
    ),
};
