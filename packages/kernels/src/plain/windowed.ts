/** The plain loops of the primitives that look through windows. */

import type { NdArray } from '../arrays/array.ts';
import type { CommonKernels, WindowedKernels } from '../primitives.ts';
import { convolutionsOf } from './convolution.ts';
import { pooling } from './pooling.ts';
import { windows } from './windows.ts';

/** Convolutions are products, which another interpreter's primitives may compute. */
export const windowedLoops = (
  kernels: CommonKernels<NdArray> & Pick<WindowedKernels<NdArray>, 'unfold' | 'fold'>,
): WindowedKernels<NdArray> => ({ ...windows, ...pooling, ...convolutionsOf(kernels) });
