/** Means and variances, and what layers that normalise have in common. */

import {
  div,
  type FloatDType,
  full,
  ones,
  type Parameter,
  parameter,
  type Shape,
  ShapeError,
  type Tensor,
  zeros,
} from '@tapegrad/core';
import { formatShape, sameShape } from '@tapegrad/core/extend';
import { checkArgument, checkLikeInput, checkOption } from '../checks.ts';

/** An input without its mean, and what it is multiplied by: their product is normalised. */
export interface Normalization {
  /** x - mean, or a multiple of it. */
  readonly deviation: Tensor;
  /** 1 / sqrt(variance + eps), of the same multiple. The axes stay, with length 1. */
  readonly inverse: Tensor;
}

export interface Moments extends Normalization {
  readonly mean: Tensor;
  /** sum (x - mean)^2 / n */
  readonly variance: Tensor;
}

const keepDims = { keepDims: true } as const;

/** 1 / sqrt(variance + eps) */
export const inverseDeviation = (variance: Tensor, eps: number | Tensor): Tensor =>
  div(1, variance.add(eps).sqrt() as Tensor);

const meanSquare = (x: Tensor, axes: readonly number[]): Tensor => x.mul(x).mean(axes, keepDims);

/**
 * The means over axes, and x without them. A mean is rounded, and where it is large beside the deviations, what the rounding
 * leaves of it is not small beside them: so what is left is taken off, too. No gradient is needed of the first mean, since
 * the second one's is the same.
 */
function centered(x: Tensor, axes: readonly number[]): { readonly mean: Tensor; readonly deviation: Tensor } {
  const mean = x.detach().mean(axes, keepDims) as Tensor;
  const near = x.sub(mean);
  const rest = near.mean(axes, keepDims) as Tensor;
  // Added, so that the sweep has the small cotangent to negate in place of the large one.
  return { mean: mean.add(rest.detach()), deviation: near.add(rest.neg()) };
}

/** Mean squares below which squares lose digits, and powers of 2 that lead from there, or from an overflow, to squares near 1. */
const ranges = {
  float32: { least: 2 ** -100, up: 2 ** 90, down: 2 ** -66 },
  float64: { least: 2 ** -900, up: 2 ** 700, down: 2 ** -514 },
} as const;

/** What to multiply inputs by whose squares overflow or vanish, 1 for all others; `undefined` where there are only those. */
function scalesOf(squares: Tensor, eps: number): Tensor | undefined {
  const dtype = squares.dtype as FloatDType;
  const { least, up, down } = ranges[dtype];
  if (squares.elements.every((square) => square < Infinity && square + eps >= least)) return undefined;
  const constant = squares.detach();
  const [one, more, less] = [1, up, down].map((factor) => full([], factor, { dtype }) as Tensor);
  const small = constant.add(eps).less(least).where(more!, one!);
  return constant.less(Infinity).where(small, less!);
}

/** eps in the units of inputs that were multiplied by scales. */
const scaledEps = (eps: number, scales: Tensor): Tensor => {
  const root = scales.mul(Math.sqrt(eps));
  return root.mul(root);
};

/**
 * Means and variances over axes. A large mean costs no digits, and no square overflows or vanishes on the way to what is
 * normalised.
 */
export function momentsOf(x: Tensor, axes: readonly number[], eps: number): Moments {
  const { mean, deviation } = centered(x, axes);
  const variance = meanSquare(deviation, axes);
  const scales = scalesOf(variance, eps);
  if (scales === undefined) return { mean, variance, deviation, inverse: inverseDeviation(variance, eps) };
  const scaled = centered(x.mul(scales), axes).deviation;
  const inverse = inverseDeviation(meanSquare(scaled, axes), scaledEps(eps, scales));
  return { mean, variance, deviation: scaled, inverse };
}

/** x and 1 / sqrt(mean x^2 + eps) over axes, or multiples of them where squares overflow or vanish. */
export function rootMeanSquareOf(x: Tensor, axes: readonly number[], eps: number): Normalization {
  const squares = meanSquare(x, axes);
  const scales = scalesOf(squares, eps);
  if (scales === undefined) return { deviation: x, inverse: inverseDeviation(squares, eps) };
  const scaled = x.mul(scales);
  return { deviation: scaled, inverse: inverseDeviation(meanSquare(scaled, axes), scaledEps(eps, scales)) };
}

/** Throws unless eps can be added to a variance. */
export const checkEps = (call: string, eps: number): void =>
  checkOption(call, 'eps', eps, eps >= 0 && eps < Infinity, 'a finite number >= 0');

/** Throws where a weight, a bias or the like is unlike the part of the input that it is for. */
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

/** x weight + bias, where they are given. */
export function affine(x: Tensor, weight: Tensor | undefined, bias: Tensor | undefined): Tensor {
  const scaled = weight === undefined ? x : x.mul(weight);
  return bias === undefined ? scaled : scaled.add(bias);
}

/** The options of normalisation layers. */
export interface NormOptions {
  /** Added to the variance. Defaults to 1e-5. */
  readonly eps?: number;
}

/** The options of layers that compute x w + b. */
export interface AffineOptions extends NormOptions {
  /** Whether to learn a weight, 1 at first, and a bias, 0 at first. Defaults to true. */
  readonly affine?: boolean;
  /** Whether to learn the bias with the weight. Defaults to true. */
  readonly bias?: boolean;
  /** Defaults to float32. */
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
