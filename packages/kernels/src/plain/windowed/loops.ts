/** The plain loops of the windowed primitives. */

import type { NdArray } from '../../arrays/array.ts';
import type { CommonKernels, WindowedKernels } from '../../primitives.ts';
import { convolutionsOf } from './convolution.ts';
import { pooling } from './pooling.ts';
import { windows } from './windows.ts';

/** Makes the loops. Convolutions are composed of products, which another interpreter's primitives may compute. */
export const windowedLoops = (
  kernels: CommonKernels<NdArray> & Pick<WindowedKernels<NdArray>, 'unfold' | 'fold'>,
): WindowedKernels<NdArray> => ({ ...windows, ...pooling, ...convolutionsOf(kernels) });
