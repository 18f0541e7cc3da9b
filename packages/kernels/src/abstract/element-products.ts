/** Result types of the primitives that multiply elements along axes, with checks of their operands. */

import type { ArrayLike, ElementProductKernels } from '../primitives.ts';
import { checkFloat, checkNumeric, type } from './dtype-checks.ts';
import { reducedShape } from './shape-inference.ts';

export const elementProductResultOf: ElementProductKernels<ArrayLike> = {
  prod(x, axes) {
    checkNumeric('prod', x);
    return type(reducedShape('prod', x, axes), x.dtype);
  },
  prodOfOthers(x, axes) {
    checkFloat('prodOfOthers', x);
    reducedShape('prodOfOthers', x, axes);
    return type(x.shape, x.dtype);
  },
};
