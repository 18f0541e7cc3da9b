/** The special functions, as an interpreter extension. */

import type { NdArray } from '../arrays/array.ts';
import { isFloat } from '../arrays/dtype.ts';
import { specialLoops } from '../plain/functions/special-functions.ts';
import { mapEntries } from '../primitives.ts';
import type { KernelExtension } from '../wasm/extension.ts';
import { erf, erfc } from '../wasm/math/error-function.ts';

/** The extension with the special functions. */
export const specialExtension: KernelExtension = {
  results: {},
  loops: () => specialLoops,
  wasm: ({ unary }) =>
    mapEntries({ erf, erfc }, (name, emit) => {
      const [own, other] = [unary(emit), specialLoops[name]];
      return (x: NdArray) => (isFloat(x.dtype) ? own : other)(x);
    }),
};
