/** Normalisation composed from other primitives, for every interpreter and for operands that no kernel fits. */

import { normalizationResultOf } from '../abstract/normalization.ts';
import type { NdArray } from '../arrays/array.ts';
import { contiguous } from '../arrays/copy.ts';
import type { Data, FloatDType } from '../arrays/dtype.ts';
import { broadcastShapes, type Shape, sizeOf } from '../arrays/shape.ts';
import type { ArrayLike, CommonKernels, Normalization, NormalizationKernels } from '../primitives.ts';

/** A centred input and the factor that normalises it. */
interface Normalized<A> {
  /** x - mean, or x itself if the mean is not subtracted; possibly scaled. */
  readonly deviation: A;
  /** 1 / sqrt(variance + eps), scaled to match `deviation`. Reduced axes stay, with length 1. */
  readonly inverse: A;
  /** The scale of each deviation; undefined if all are 1. */
  readonly scales: A | undefined;
}

/**
 * The mean squares below which squares lose digits, and powers of 2 that scale small (`up`) or overflowing (`down`) inputs
 * to squares near 1.
 */
const ranges = {
  float32: { least: 2 ** -100, up: 2 ** 90, down: 2 ** -66 },
  float64: { least: 2 ** -900, up: 2 ** 700, down: 2 ** -514 },
} as const;

/** Returns all elements of an array. */
type Read<A> = (x: A) => Data;

/**
 * Composes normalisation from other primitives. No digits are lost to a large mean, and no square overflows or
 * underflows to 0. `read` returns the elements of an array.
 */
export function composedNormalization<A extends ArrayLike>(
  k: CommonKernels<A>,
  read: Read<A>,
): NormalizationKernels<A> {
  const number = (value: number, x: A): A => k.full({ shape: [], value, dtype: x.dtype });

  /**
   * Computes the means, and x minus them. The rounding error of a large mean can be as large as the deviations, so the
   * mean of the remainder is subtracted too. The first mean is treated as a constant, since the second one gives the same
   * gradient.
   */
  const centered = (x: A, axes: readonly number[]): { readonly mean: A; readonly deviation: A } => {
    const mean = k.mean(k.stopGradient(x), axes);
    const near = k.sub(x, mean);
    const rest = k.mean(near, axes);
    // Adds the negative instead of subtracting, so that the backward pass negates the small cotangent, not the large
    // one.
    return { mean: k.add(mean, k.stopGradient(rest)), deviation: k.add(near, k.neg(rest)) };
  };
  const deviationOf = (x: A, { axes, centered: isCentered }: Normalization): A =>
    isCentered ? centered(x, axes).deviation : x;
  const meanSquare = (x: A, axes: readonly number[]): A => k.mean(k.mul(x, x), axes);
  const inverseOf = (variance: A, eps: A): A => k.div(number(1, variance), k.sqrt(k.add(variance, eps)));

  /** Returns factors for inputs whose squares overflow or vanish, 1 for all others; `undefined` if no input needs one. */
  const scalesOf = (squares: A, eps: number): A | undefined => {
    const { least, up, down } = ranges[squares.dtype as FloatDType];
    if (read(squares).every((square) => square < Infinity && square + eps >= least)) return undefined;
    const constant = k.stopGradient(squares);
    const small = k.where(
      k.less(k.add(constant, number(eps, squares)), number(least, squares)),
      number(up, squares),
      number(1, squares),
    );
    return k.where(k.less(constant, number(Infinity, squares)), small, number(down, squares));
  };

  const normalized = (x: A, of: Normalization): Normalized<A> => {
    const { axes, eps } = of;
    const deviation = deviationOf(x, of);
    const squares = meanSquare(deviation, axes);
    const scales = scalesOf(squares, eps);
    if (scales === undefined) return { deviation, inverse: inverseOf(squares, number(eps, x)), scales };
    const scaled = deviationOf(k.mul(x, scales), of);
    const root = k.mul(scales, number(Math.sqrt(eps), x));
    return { deviation: scaled, inverse: inverseOf(meanSquare(scaled, axes), k.mul(root, root)), scales };
  };

  const unit = (x: A, of: Normalization): A => {
    const { deviation, inverse } = normalized(x, of);
    return k.mul(deviation, inverse);
  };

  /** Sums to the shape of an operand that was broadcast. */
  const sumTo = (x: A, shape: Shape): A => {
    const lead = x.shape.length - shape.length;
    const axes = [...x.shape.keys()].filter((i) => i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1));
    return k.reshape(k.sum(x, axes), shape);
  };

  return {
    normalize(x, w, b, of) {
      normalizationResultOf.normalize(x, w, b, of);
      const { deviation, inverse } = normalized(x, of);
      const isSmall = sizeOf(broadcastShapes('normalize', inverse.shape, w.shape)) < sizeOf(x.shape);
      const scaled = isSmall ? k.mul(deviation, k.mul(inverse, w)) : k.mul(k.mul(deviation, inverse), w);
      return k.add(scaled, b);
    },
    normalizeGrad(g, x, w, of) {
      normalizationResultOf.normalizeGrad(g, x, w, of);
      const { deviation, inverse, scales } = normalized(x, of);
      const y = k.mul(deviation, inverse);
      const u = k.mul(g, w);
      const across = k.sub(u, k.mul(y, k.mean(k.mul(u, y), of.axes)));
      const along = k.mul(of.centered ? k.sub(across, k.mean(u, of.axes)) : across, inverse);
      return scales === undefined ? along : k.mul(along, scales);
    },
    normalizeWeightGrad(g, x, of) {
      normalizationResultOf.normalizeWeightGrad(g, x, of);
      return sumTo(k.mul(g, unit(x, of)), of.shape);
    },
    moments(x, axes) {
      const { shape } = normalizationResultOf.moments(x, axes);
      const { mean, deviation } = centered(x, axes);
      const each = [1, ...shape.slice(1)];
      return k.concat([k.reshape(mean, each), k.reshape(meanSquare(deviation, axes), each)], 0);
    },
  };
}

/** Makes the primitives of normalisation from other primitives of an interpreter. */
export const normalizationLoops = (kernels: CommonKernels<NdArray>): NormalizationKernels<NdArray> =>
  composedNormalization(kernels, (x) => {
    const { data, offset, size } = contiguous(x);
    return data.subarray(offset, offset + size);
  });
