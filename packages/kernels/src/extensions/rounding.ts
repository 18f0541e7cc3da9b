/** Rounding and remainders, as an interpreter extension. */

import type { NdArray } from '../arrays/array.ts';
import { isFloat } from '../arrays/dtype.ts';
import { roundingLoops } from '../plain/functions/rounding.ts';
import { mapEntries } from '../primitives.ts';
import type { KernelExtension } from '../wasm/extension.ts';
import type { UnaryFunction } from '../wasm/math/vector-function.ts';

/** The functions of one operand, on vectors. */
export const roundingFunctions = {
  floor: (_f, v) => v.floor,
  ceil: (_f, v) => v.ceil,
  round: (_f, v) => v.nearest,
} as const satisfies Record<string, UnaryFunction>;

/** The extension with `floor`, `ceil`, `round` and `remainder`. */
export const roundingExtension: KernelExtension = {
  results: {},
  loops: () => roundingLoops,
  wasm: (host) => ({
    ...roundingLoops,
    ...mapEntries(roundingFunctions, (name, emit) => {
      const [own, other] = [host.unary(emit, false), roundingLoops[name]];
      return (x: NdArray) => (isFloat(x.dtype) ? own : other)(x);
    }),
  }),
};
