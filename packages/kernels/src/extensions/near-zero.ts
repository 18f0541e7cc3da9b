/** Exponentials and logarithms that are accurate near 0, as an interpreter extension. */

import type { NdArray } from '../arrays/array.ts';
import { isFloat } from '../arrays/dtype.ts';
import { nearZeroLoops } from '../plain/functions/near-zero.ts';
import { mapEntries } from '../primitives.ts';
import type { KernelExtension } from '../wasm/extension.ts';
import { expm1 } from '../wasm/math/exponential.ts';
import { log1p, softplus } from '../wasm/math/logarithm.ts';

/** The extension with `expm1`, `log1p` and `softplus`. */
export const nearZeroExtension: KernelExtension = {
  results: {},
  loops: () => nearZeroLoops,
  wasm: ({ unary }) =>
    mapEntries({ expm1, log1p, softplus }, (name, emit) => {
      const [own, other] = [unary(emit), nearZeroLoops[name]];
      return (x: NdArray) => (isFloat(x.dtype) ? own : other)(x);
    }),
};
