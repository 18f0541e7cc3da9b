/** Access to the window primitives on tensors. */

import { type Kernels, windowedExtension } from '@tapegrad/kernels';
import { registerKernels } from '../engine.ts';
import { kernels, type Tensor } from '../tensor.ts';

/**
 * Returns the primitives on tensors, including convolutions, pooling, `unfold` and `fold`. Only programs that call this
 * function include those in their bundle. An interpreter chosen later gets them, too.
 */
export function windowedKernels(): Kernels<Tensor> {
  registerKernels(windowedExtension);
  return kernels;
}
