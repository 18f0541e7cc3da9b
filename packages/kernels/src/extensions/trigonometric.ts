/** The trigonometric functions, as an interpreter extension. */

import type { NdArray } from '../arrays/array.ts';
import { isFloat } from '../arrays/dtype.ts';
import { trigonometricLoops } from '../plain/functions/trigonometric.ts';
import { mapEntries } from '../primitives.ts';
import type { KernelExtension } from '../wasm/extension.ts';
import { cos, sin } from '../wasm/math/trigonometric.ts';

/** The extension with the trigonometric functions. */
export const trigonometricExtension: KernelExtension = {
  results: {},
  loops: () => trigonometricLoops,
  wasm: ({ unary }) => ({
    ...trigonometricLoops,
    ...mapEntries({ sin, cos }, (name, emit) => {
      const [own, other] = [unary(emit), trigonometricLoops[name]];
      return (x: NdArray) => (isFloat(x.dtype) ? own : other)(x);
    }),
  }),
};
