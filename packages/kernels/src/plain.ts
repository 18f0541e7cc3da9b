/**
 * The plain interpreter: typed-array loops in JavaScript, for every dtype and every engine. It needs neither WebAssembly
 * nor code generation.
 */

import type { NdArray } from './arrays/array.ts';
import { commonLoops } from './plain/common.ts';
import { cumulativeLoops } from './plain/cumulative.ts';
import { nearZeroLoops } from './plain/functions/near-zero.ts';
import { powerLoops } from './plain/functions/power.ts';
import { roundingLoops } from './plain/functions/rounding.ts';
import { specialLoops } from './plain/functions/special-functions.ts';
import { trigonometricLoops } from './plain/functions/trigonometric.ts';
import { indexingLoops } from './plain/indexing.ts';
import { normalizationLoops } from './plain/normalization.ts';
import { orderingLoops } from './plain/ordering.ts';
import { elementProductLoops } from './plain/products.ts';
import { windowedLoops } from './plain/windowed/loops.ts';
import { windows } from './plain/windowed/windows.ts';
import type { Kernels } from './primitives.ts';

/** The interpreter that runs plain loops, for every dtype and engine. */
export const plain: Kernels<NdArray> = {
  ...commonLoops,
  ...cumulativeLoops,
  ...elementProductLoops,
  ...indexingLoops,
  ...nearZeroLoops,
  ...normalizationLoops(commonLoops),
  ...orderingLoops,
  ...powerLoops,
  ...roundingLoops,
  ...specialLoops,
  ...trigonometricLoops,
  ...windowedLoops({ ...commonLoops, ...windows }),
};
