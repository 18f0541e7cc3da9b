/** Result type of `cumsum`, with checks of its operand. */

import type { ArrayLike, CumulativeKernels } from '../primitives.ts';
import { checkAxis, checkNumeric, type } from './dtype-checks.ts';

export const cumulativeResultOf: CumulativeKernels<ArrayLike> = {
  cumsum(x, axis) {
    checkNumeric('cumsum', x);
    checkAxis('cumsum', axis, x.shape.length);
    return type(x.shape, x.dtype);
  },
};
