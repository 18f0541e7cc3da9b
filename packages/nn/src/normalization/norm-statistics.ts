/** Computes means and variances, and other common parts of normalisation layers. */

import { areWithin, formatShape, sameShape } from '@tapegrad/core/extend';
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
} from '@tapegrad/core/lean';
import { checkArgument, checkLikeInput, checkOption } from '../checks.ts';

/** A centred input and the factor that normalises it. */
export interface Normalization {
  /** The centred input x - mean, or x for an RMS norm. Possibly scaled. */
  readonly deviation: Tensor;
  /** 1 / sqrt(variance + eps), scaled to match `deviation`. Reduced axes are kept with length 1. */
  readonly inverse: Tensor;
}

export interface Moments extends Normalization {
  readonly mean: Tensor;
  /** The variance, sum (x - mean)^2 / n. */
  readonly variance: Tensor;
}

const keepDims = { keepDims: true } as const;

/** Computes 1 / sqrt(variance + eps). */
export const inverseDeviation = (variance: Tensor, eps: number | Tensor): Tensor =>
  div(1, variance.add(eps).sqrt() as Tensor);

const meanSquare = (x: Tensor, axes: readonly number[]): Tensor => x.mul(x).mean(axes, keepDims);

/**
 * Computes the means over axes, and x minus these means. The rounding error of a large mean can be as large as the
 * deviations. So the mean of the remainder is subtracted, too. The first mean is a constant, since the second mean
 * provides the same gradient.
 */
function centered(x: Tensor, axes: readonly number[]): { readonly mean: Tensor; readonly deviation: Tensor } {
  const mean = x.detach().mean(axes, keepDims) as Tensor;
  const near = x.sub(mean);
  const rest = near.mean(axes, keepDims) as Tensor;
  // Adding the negative makes the backward pass negate the cotangent of the mean, which has few elements, instead of a
  // full-size one.
  return { mean: mean.add(rest.detach()), deviation: near.add(rest.neg()) };
}

/**
 * For each dtype, the mean square below which squares lose digits, and two powers of 2. `up` scales small inputs, and
 * `down` scales inputs whose squares overflow, so that squares are near 1.
 */
const ranges = {
  float32: { least: 2 ** -100, up: 2 ** 90, down: 2 ** -66 },
  float64: { least: 2 ** -900, up: 2 ** 700, down: 2 ** -514 },
} as const;

/**
 * Returns a factor for each mean square: a power of 2 for inputs whose squares overflow or vanish, and 1 for others.
 * Returns `undefined` if no input needs scaling.
 */
function scalesOf(squares: Tensor, eps: number): Tensor | undefined {
  const dtype = squares.dtype as FloatDType;
  const { least, up, down } = ranges[dtype];
  if (areWithin(squares.elements, { low: Math.max(0, least - eps), high: Number.MAX_VALUE })) return undefined;
  const constant = squares.detach();
  const [one, more, less] = [1, up, down].map((factor) => full([], factor, { dtype }) as Tensor);
  const small = constant.add(eps).less(least).where(more!, one!);
  return constant.less(Infinity).where(small, less!);
}

/** Scales eps by the squares of the factors with which inputs were scaled. */
const scaledEps = (eps: number, scales: Tensor): Tensor => {
  const root = scales.mul(Math.sqrt(eps));
  return root.mul(root);
};

/**
 * Computes means and variances over axes. A large mean causes no loss of precision. No square overflows or vanishes
 * while `deviation` and `inverse` are computed.
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

/** Returns x and 1 / sqrt(mean(x^2) + eps) over axes. Both are scaled where squares would overflow or vanish. */
export function rootMeanSquareOf(x: Tensor, axes: readonly number[], eps: number): Normalization {
  const squares = meanSquare(x, axes);
  const scales = scalesOf(squares, eps);
  if (scales === undefined) return { deviation: x, inverse: inverseDeviation(squares, eps) };
  const scaled = x.mul(scales);
  return { deviation: scaled, inverse: inverseDeviation(meanSquare(scaled, axes), scaledEps(eps, scales)) };
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

/** Computes x weight + bias. An undefined weight or bias is left out. */
export function affine(x: Tensor, weight: Tensor | undefined, bias: Tensor | undefined): Tensor {
  const scaled = weight === undefined ? x : x.mul(weight);
  return bias === undefined ? scaled : scaled.add(bias);
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
