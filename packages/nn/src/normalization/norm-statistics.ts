/** The common parts of normalisation layers. */

import { formatShape, normalizationKernels, sameShape } from '@tapegrad/core/extend';
import {
  type FloatDType,
  full,
  ones,
  type Parameter,
  parameter,
  type Shape,
  ShapeError,
  type Tensor,
  zeros,
} from '@tapegrad/core/lean';
import { checkArgument, checkLikeInput, checkOption } from '../checks.ts';

/** The parameters of a normalisation. The weight and the bias broadcast to the input. */
interface NormalizationParts {
  readonly axes: readonly number[];
  readonly eps: number;
  readonly weight: Tensor | undefined;
  readonly bias: Tensor | undefined;
  /** Whether the mean is subtracted. Defaults to true. */
  readonly centered?: boolean;
}

const scalar = (value: number, { dtype }: Tensor): Tensor => full([], value, { dtype: dtype as FloatDType });

/**
 * Computes (x - mean) / sqrt(variance + eps) weight + bias, with the mean and the variance, sum (x - mean)^2 / n, over
 * the given axes. A large mean causes no loss of precision, and no square overflows or vanishes.
 */
export function normalized(x: Tensor, { axes, eps, weight, bias, centered = true }: NormalizationParts): Tensor {
  const of = { axes, eps, centered };
  return normalizationKernels().normalize(x, weight ?? scalar(1, x), bias ?? scalar(0, x), of);
}

/** Throws unless eps is finite and at least 0. */
export const checkEps = (call: string, eps: number): void =>
  checkOption(call, 'eps', eps, eps >= 0 && eps < Infinity, 'a finite number >= 0');

/** Throws unless a parameter, such as a weight or bias, has the given shape and the same dtype as the input. */
export function checkParts(
  call: string,
  input: Tensor,
  shape: Shape,
  tensors: Readonly<Record<string, Tensor | undefined>>,
): void {
  for (const kind in tensors) {
    const x = tensors[kind];
    if (x === undefined) continue;
    checkArgument(call, `the ${kind}`, x);
    if (!sameShape(x.shape, shape)) {
      throw new ShapeError(`${call}: expected a ${kind} of shape ${formatShape(shape)}, got ${formatShape(x.shape)}`);
    }
    checkLikeInput(call, `a ${kind}`, x, input);
  }
}

/** The options of normalisation layers. */
export interface NormOptions {
  /** The number added to the variance. Defaults to 1e-5. */
  readonly eps?: number;
}

/** The options of normalisation layers with a weight and a bias. */
export interface AffineOptions extends NormOptions {
  /** Whether to learn a weight, initially 1, and a bias, initially 0. Defaults to true. */
  readonly affine?: boolean;
  /** Whether the learned parameters include the bias. Defaults to true. */
  readonly bias?: boolean;
  /** The dtype of the parameters. Defaults to float32. */
  readonly dtype?: FloatDType;
}

export interface AffineParameters<S extends Shape> {
  readonly weight: Parameter<S> | undefined;
  readonly bias: Parameter<S> | undefined;
}

export function affineParameters<S extends Shape>(
  shape: S,
  { affine = true, bias = true, dtype = 'float32' }: AffineOptions,
): AffineParameters<S> {
  return {
    weight: affine ? parameter(ones(shape, { dtype }), { name: 'weight' }) : undefined,
    bias: affine && bias ? parameter(zeros(shape, { dtype }), { name: 'bias' }) : undefined,
  };
}
