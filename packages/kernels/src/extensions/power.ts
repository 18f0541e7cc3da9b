/** The interpreter extension with `pow`. */

import { resultOf } from '../abstract/shape-inference.ts';
import { isFloat } from '../arrays/dtype.ts';
import { powerLoops } from '../plain/functions/power.ts';
import type { KernelExtension } from '../wasm/extension.ts';
import { pow } from '../wasm/math/power.ts';

/** The extension with `pow`. */
export const powerExtension: KernelExtension = {
  results: {},
  loops: () => powerLoops,
  wasm({ binary }) {
    const own = binary(resultOf.pow, pow);
    return { pow: (x, y) => (isFloat(x.dtype) ? own : powerLoops.pow)(x, y) };
  },
};
