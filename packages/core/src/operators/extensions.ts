/**
 * Primitives of interpreter extensions on tensors. A program contains an extension's code only if it calls the
 * extension's function here. An interpreter chosen later gets the extension as well.
 */

import {
  elementProductExtension,
  type KernelExtension,
  type Kernels,
  orderingExtension,
  powerExtension,
  specialExtension,
  trigonometricExtension,
  windowedExtension,
} from '@tapegrad/kernels';
import { registerKernels } from '../engine.ts';
import { kernels, type Tensor } from '../tensor.ts';

function kernelsWith(extension: KernelExtension): Kernels<Tensor> {
  registerKernels(extension);
  return kernels;
}

/** Returns the primitives on tensors, including convolutions, pooling, `unfold` and `fold`. */
export const windowedKernels = (): Kernels<Tensor> => kernelsWith(windowedExtension);

/** Returns the primitives on tensors, including `erf` and `erfc`. */
export const specialKernels = (): Kernels<Tensor> => kernelsWith(specialExtension);

/** Returns the primitives on tensors, including `pow`. */
export const powerKernels = (): Kernels<Tensor> => kernelsWith(powerExtension);

/** Returns the primitives on tensors, including the trigonometric functions. */
export const trigonometricKernels = (): Kernels<Tensor> => kernelsWith(trigonometricExtension);

/** Returns the primitives on tensors, including `prod`. */
export const elementProductKernels = (): Kernels<Tensor> => kernelsWith(elementProductExtension);

/** Returns the primitives on tensors, including `argmax`, `argmin` and `argsort`. */
export const orderingKernels = (): Kernels<Tensor> => kernelsWith(orderingExtension);
