/** The special functions, as an interpreter extension. */

import type { NdArray } from '../../arrays/array.ts';
import { isFloat } from '../../arrays/dtype.ts';
import { specialLoops } from '../../plain/special-functions.ts';
import type { SpecialKernels } from '../../primitives.ts';
import type { ExtensionHost, KernelExtension } from '../extension.ts';
import { erfc } from './error-function.ts';

function specialKernels({ elementary }: ExtensionHost): SpecialKernels<NdArray> {
  const own = elementary(erfc);
  return { erfc: (x) => (isFloat(x.dtype) ? own(x) : specialLoops.erfc(x)) };
}

/** The extension with the special functions, which few programs use. */
export const specialExtension: KernelExtension = {
  // The result types are derived from the list of elementwise primitives.
  results: {},
  loops: () => specialLoops,
  wasm: specialKernels,
};
