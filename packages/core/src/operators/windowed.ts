/** The primitives that look through windows, on tensors. */

import { type Kernels, windowed } from '@tapegrad/kernels';
import { bring } from '../engine.ts';
import { kernels, type Tensor } from '../tensor.ts';

/**
 * The primitives on tensors, with the fast kernels for convolutions, pooling, `unfold` and `fold`, which only a program
 * that asks for them here carries; without, those run in plain loops. Ask in each call: the interpreter may have changed.
 */
export function windowedKernels(): Kernels<Tensor> {
  bring(windowed);
  return kernels;
}
