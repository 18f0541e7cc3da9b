/** The special functions among the primitives, on tensors. */

import { type Kernels, specialExtension } from '@tapegrad/kernels';
import { registerKernels } from '../engine.ts';
import { kernels, type Tensor } from '../tensor.ts';

/**
 * The primitives on tensors, the special functions among them, which only a program that asks for them here carries. An
 * interpreter that is chosen later gets them, too.
 */
export function specialKernels(): Kernels<Tensor> {
  registerKernels(specialExtension);
  return kernels;
}
