/** Means and variances, and what layers that normalise have in common. */

import {
  div,
  type FloatDType,
  formatShape,
  ones,
  type Parameter,
  parameter,
  type Shape,
  ShapeError,
  sameShape,
  type Tensor,
  zeros,
} from '@tapegrad/core';
import { checkOption } from './checks.ts';

export interface Moments {
  /** The axes stay, with length 1. */
  readonly mean: Tensor;
  /** sum (x - mean)^2 / n; likewise. */
  readonly variance: Tensor;
  /** x - mean */
  readonly deviation: Tensor;
}

/** Means and variances over axes, in two passes, so that a large mean costs no digits. */
export function momentsOf(x: Tensor, axes: readonly number[]): Moments {
  const mean = x.mean(axes, { keepDims: true });
  // Added, so that the sweep has the small cotangent to negate in place of the large one.
  const deviation = x.add(mean.neg());
  return { mean, variance: deviation.mul(deviation).mean(axes, { keepDims: true }), deviation };
}

/** 1 / sqrt(variance + eps) */
export const inverseDeviation = (variance: Tensor, eps: number): Tensor => div(1, variance.add(eps).sqrt());

/** Throws unless eps can be added to a variance. */
export const checkEps = (call: string, eps: number): void =>
  checkOption(call, 'eps', eps, eps >= 0 && eps < Infinity, 'a finite number >= 0');

/** Throws where a weight, a bias or the like has another shape than the part of the input that it is for. */
export function checkShapes(call: string, shape: Shape, tensors: Readonly<Record<string, Tensor | undefined>>): void {
  for (const [kind, x] of Object.entries(tensors)) {
    if (x === undefined || sameShape(x.shape, shape)) continue;
    throw new ShapeError(`${call}: expected a ${kind} of shape ${formatShape(shape)}, got ${formatShape(x.shape)}`);
  }
}

/** x weight + bias, where they are given. */
export function affine(x: Tensor, weight: Tensor | undefined, bias: Tensor | undefined): Tensor {
  const scaled = weight === undefined ? x : x.mul(weight);
  return bias === undefined ? scaled : scaled.add(bias);
}

export interface NormOptions {
  /** Added to the variance; 1e-5 unless given. */
  readonly eps?: number;
}

export interface AffineOptions extends NormOptions {
  /** Whether to learn a weight, 1 at first, and a bias, 0 at first; true unless given. */
  readonly affine?: boolean;
  /** Whether to learn the bias with the weight; true unless given. */
  readonly bias?: boolean;
  /** float32 unless given. */
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
