/**
 * Functions that return the primitives on tensors, including those of an interpreter extension. A program contains an
 * extension's code only if it calls the extension's function here. An interpreter that is set later gets the extension
 * as well.
 */

import {
  cumulativeExtension,
  elementProductExtension,
  indexingExtension,
  type KernelExtension,
  type Kernels,
  type Normalization,
  nearZeroExtension,
  normalizationExtension,
  normalizationGradients,
  orderingExtension,
  powerExtension,
  roundingExtension,
  specialExtension,
  trigonometricExtension,
  windowedExtension,
} from '@tapegrad/kernels';
import { registerKernels } from '../engine.ts';
import { type JointPullback, registerJointPullback } from '../tape/pullback.ts';
import {
  cumulativeRules,
  elementProductRules,
  indexingRules,
  nearZeroRules,
  normalizationRules,
  orderingRules,
  powerRules,
  roundingRules,
  specialRules,
  trigonometricRules,
  windowedRules,
} from '../tape/rules/extension-rules.ts';
import { type Rules, registerRules } from '../tape/rules/vjp-rules.ts';
import { kernels, type Tensor } from '../tensor.ts';

function kernelsWith(extension: KernelExtension, rules: Partial<Rules>): Kernels<Tensor> {
  if (registerKernels(extension)) registerRules(rules);
  return kernels;
}

/** Returns the primitives on tensors, including convolutions, pooling, `unfold` and `fold`. */
export const windowedKernels = (): Kernels<Tensor> => kernelsWith(windowedExtension, windowedRules);

/** Returns the primitives on tensors, including `erf` and `erfc`. */
export const specialKernels = (): Kernels<Tensor> => kernelsWith(specialExtension, specialRules);

/** Returns the primitives on tensors, including `pow`. */
export const powerKernels = (): Kernels<Tensor> => kernelsWith(powerExtension, powerRules);

/** Returns the primitives on tensors, including the trigonometric functions. */
export const trigonometricKernels = (): Kernels<Tensor> => kernelsWith(trigonometricExtension, trigonometricRules);

/** Returns the primitives on tensors, including `prod`. */
export const elementProductKernels = (): Kernels<Tensor> => kernelsWith(elementProductExtension, elementProductRules);

/** Returns the primitives on tensors, including `argmax`, `argmin` and `argsort`. */
export const orderingKernels = (): Kernels<Tensor> => kernelsWith(orderingExtension, orderingRules);

/** Returns the primitives on tensors, including `take` and `scatterAdd`. */
export const indexingKernels = (): Kernels<Tensor> => kernelsWith(indexingExtension, indexingRules);

/** Returns the primitives on tensors, including `cumsum`. */
export const cumulativeKernels = (): Kernels<Tensor> => kernelsWith(cumulativeExtension, cumulativeRules);

/** Returns the primitives on tensors, including those that find entries by their position along an axis. */
export function positionKernels(): Kernels<Tensor> {
  cumulativeKernels();
  return indexingKernels();
}

/** Returns the primitives on tensors, including `expm1`, `log1p` and `softplus`. */
export const nearZeroKernels = (): Kernels<Tensor> => kernelsWith(nearZeroExtension, nearZeroRules);

/** Returns the primitives on tensors, including `floor`, `ceil`, `round` and `remainder`. */
export const roundingKernels = (): Kernels<Tensor> => kernelsWith(roundingExtension, roundingRules);

/** Returns the primitives on tensors, including normalisation. */
export function normalizationKernels(): Kernels<Tensor> {
  registerJointPullback('normalize', normalizationPullback);
  return kernelsWith(normalizationExtension, normalizationRules);
}

const normalizationPullback: JointPullback = (kernels, g, inputs, of) =>
  normalizationGradients(kernels, g as never, inputs as never, of as Normalization) as never;
