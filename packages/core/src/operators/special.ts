/** Access to the special-function primitives on tensors. */

import { type Kernels, specialExtension } from '@tapegrad/kernels';
import { registerKernels } from '../engine.ts';
import { kernels, type Tensor } from '../tensor.ts';

/**
 * Returns the primitives on tensors, including the special functions. Only programs that call this function include those
 * in their bundle. An interpreter chosen later gets them, too.
 */
export function specialKernels(): Kernels<Tensor> {
  registerKernels(specialExtension);
  return kernels;
}
