/** The plain loop of `cumsum`. */

import { cumulativeResultOf } from '../abstract/cumulative.ts';
import type { NdArray } from '../arrays/array.ts';
import { emptyOf } from '../arrays/movement.ts';
import type { CumulativeKernels } from '../primitives.ts';
import { forEachLine } from './reductions.ts';

/** The primitive of the cumulative extension, as a plain loop. */
export const cumulativeLoops: CumulativeKernels<NdArray> = {
  cumsum(x, axis) {
    const out = emptyOf(cumulativeResultOf.cumsum(x, axis));
    const [data, sums, length] = [x.data, out.data, x.shape[axis]!];
    const [step, outStep, wraps] = [x.stride[axis]!, out.stride[axis]!, x.dtype === 'int32'];
    forEachLine(x, out, axis, (from, to) => {
      let total = 0;
      for (let i = 0; i < length; i++) {
        total += data[from + i * step]!;
        if (wraps) total |= 0;
        sums[to + i * outStep] = total;
      }
    });
    return out;
  },
};
