/** The plain loop of `pow`. */

import { resultOf } from '../../abstract/shape-inference.ts';
import type { NdArray } from '../../arrays/array.ts';
import { emptyOf } from '../../arrays/movement.ts';
import type { PowerKernels } from '../../primitives.ts';
import { power } from '../../special.ts';
import { mapBlockPairs } from '../elementwise.ts';

export const powerLoops: PowerKernels<NdArray> = {
  pow: (x, y) =>
    mapBlockPairs(
      (base, exponent, n) => {
        for (let i = 0; i < n; i++) base[i] = power(base[i]!, exponent[i]!);
      },
      x,
      y,
      emptyOf(resultOf.pow(x, y)),
    ),
};
