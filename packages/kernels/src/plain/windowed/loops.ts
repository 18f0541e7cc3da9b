/** The plain loops of the windowed primitives. */

import type { NdArray } from '../../arrays/array.ts';
import type { CommonKernels, WindowedKernels } from '../../primitives.ts';
import { convolutionsOf } from './convolution.ts';
import { pooling } from './pooling.ts';
import { windows } from './windows.ts';

/**
 * Makes the plain loops of the windowed primitives. Convolutions are composed of products, for which the primitives of
 * another interpreter may be used.
 */
export const windowedLoops = (
  kernels: CommonKernels<NdArray> & Pick<WindowedKernels<NdArray>, 'unfold' | 'fold'>,
): WindowedKernels<NdArray> => ({ ...windows, ...pooling, ...convolutionsOf(kernels) });
