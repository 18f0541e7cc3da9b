/** The primitives that look through windows, on tensors. */

import { type Kernels, windowedExtension } from '@tapegrad/kernels';
import { registerKernels } from '../engine.ts';
import { kernels, type Tensor } from '../tensor.ts';

/**
 * The primitives on tensors, convolutions, pooling, `unfold` and `fold` among them, which only a program that asks for them
 * here carries. An interpreter that is chosen later gets them, too.
 */
export function windowedKernels(): Kernels<Tensor> {
  registerKernels(windowedExtension);
  return kernels;
}
