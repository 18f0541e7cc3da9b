/**
 * The rules of the primitives of extensions, with one table for each extension. A bundler keeps only the tables of the
 * extensions in use.
 */

import {
  type ArrayLike,
  type CumulativeKernels,
  countAlong,
  type ElementProductKernels,
  type IndexingKernels,
  type Kernels,
  type NearZeroKernels,
  type Normalization,
  type NormalizationKernels,
  type OrderingKernels,
  type PowerKernels,
  type RoundingKernels,
  type SpecialKernels,
  type TrigonometricKernels,
  type WindowedKernels,
} from '@tapegrad/kernels';
import { changeOfOthers, number, sliceAxis } from '../../composites.ts';
import { type Rules, shared } from './vjp-rules.ts';

/** The type of the rules of the primitives in `K`. */
type RulesOf<K> = Pick<Rules, keyof K & keyof Rules>;

/**
 * Computes g y x^(y-1), the cotangent of the base in x^y. Where the exponent is 0, the result is 0, whatever x and g
 * are.
 */
function cotangentOfBase<A extends ArrayLike>(k: Kernels<A>, g: A, x: A, y: A): A {
  const zero = number(k, 0, y);
  const lower = k.where(k.equal(y, zero), zero, k.sub(y, number(k, 1, y)));
  const product = k.mul(g, k.mul(y, k.pow(x, lower)));
  return k.activationGrad(product, k.broadcastTo(k.stopGradient(y), product.shape), 'relu');
}

/**
 * Computes g z log(x), the cotangent of the exponent in z = x^y. Where x is 0 and y >= 0, the result is 0, whatever g
 * is, since 0^y counts as constant there.
 */
function cotangentOfExponent<A extends ArrayLike>(k: Kernels<A>, g: A, z: A, x: A, y: A): A {
  const zero = number(k, 0, x);
  const constant = k.minimum(k.equal(x, zero), k.lessEqual(zero, y));
  const log = k.log(k.where(constant, number(k, 1, x), x));
  return k.where(constant, zero, k.mul(g, k.mul(z, log)));
}

/** The rule of `pow`. */
export const powerRules: RulesOf<PowerKernels<ArrayLike>> = {
  pow: [(k, g, _y, a, b) => cotangentOfBase(k, g, a, b), (k, g, y, a, b) => cotangentOfExponent(k, g, y, a, b)],
};

/**
 * Computes sqrt(1 - x^2). The value is computed from (1 - x) (1 + x), which keeps full precision for x near 1. The
 * derivatives are those of the form 1 - x^2, since differentiating the product at x = 1 would multiply infinity by 0.
 */
function besideUnit<A extends ArrayLike>(k: Kernels<A>, x: A): A {
  const one = number(k, 1, x);
  const rest = k.sub(one, k.mul(x, x));
  const exact = k.mul(k.sub(one, x), k.add(one, x));
  return k.sqrt(k.add(rest, k.stopGradient(k.sub(exact, rest))));
}

/**
 * Computes g x / (x^2 + y^2). At the origin, the result is 0 by convention; if x or y is infinite, it is the limit 0.
 * Both hold whatever g is. x and y are first divided by the larger of |x| and |y|, so that no square overflows or
 * underflows. This divisor is a constant, since the quotient does not depend on it.
 */
function timesOverSquares<A extends ArrayLike>(k: Kernels<A>, g: A, x: A, y: A): A {
  const larger = k.stopGradient(k.maximum(k.abs(x), k.abs(y)));
  const [zero, one] = [number(k, 0, x), number(k, 1, x)];
  const flat = k.maximum(k.equal(larger, zero), k.equal(larger, number(k, Infinity, x)));
  const scale = k.where(flat, one, larger);
  const [a, b] = [x, y].map((side) => k.div(k.where(flat, zero, side), scale)) as [A, A];
  const squares = k.mul(scale, k.add(k.mul(a, a), k.mul(b, b)));
  return k.where(flat, zero, k.mul(g, k.div(a, k.where(flat, one, squares))));
}

/** The rules of the trigonometric and hyperbolic functions. */
export const trigonometricRules: RulesOf<TrigonometricKernels<ArrayLike>> = {
  sin: [(k, g, _y, x) => k.mul(g, k.cos(x))],
  cos: [(k, g, _y, x) => k.neg(k.mul(g, k.sin(x)))],
  tan: [(k, g, y) => k.mul(g, k.add(k.mul(y, y), number(k, 1, y)))],
  asin: [(k, g, _y, x) => k.div(g, besideUnit(k, x))],
  acos: [(k, g, _y, x) => k.neg(k.div(g, besideUnit(k, x)))],
  atan: [(k, g, _y, x) => k.div(g, k.add(k.mul(x, x), number(k, 1, x)))],
  sinh: [(k, g, _y, x) => k.mul(g, k.cosh(x))],
  cosh: [(k, g, _y, x) => k.mul(g, k.sinh(x))],
  atan2: [(k, g, _z, y, x) => timesOverSquares(k, g, x, y), (k, g, _z, y, x) => k.neg(timesOverSquares(k, g, y, x))],
};

/** Computes sign times 2 / sqrt(pi) exp(-x^2), the derivative of erf (sign 1) or erfc (sign -1). */
const gaussian = <A extends ArrayLike>(k: Kernels<A>, x: A, sign: 1 | -1): A =>
  k.mul(number(k, (sign * 2) / Math.sqrt(Math.PI), x), k.exp(k.neg(k.mul(x, x))));

/** The rules of `erf` and `erfc`. */
export const specialRules: RulesOf<SpecialKernels<ArrayLike>> = {
  erf: [(k, g, _y, x) => k.mul(g, gaussian(k, x, 1))],
  erfc: [(k, g, _y, x) => k.mul(g, gaussian(k, x, -1))],
};

/** The rules of `prod` and `prodOfOthers`. */
export const elementProductRules: RulesOf<ElementProductKernels<ArrayLike>> = {
  prod: [(k, g, _y, x, axes) => k.mul(g, k.prodOfOthers(x, axes))],
  prodOfOthers: [(k, g, _y, x, axes) => changeOfOthers(k, g, x, axes)],
};

/** The rules of `argmax`, `argmin` and `argsort`, which pass no gradient. */
export const orderingRules: RulesOf<OrderingKernels<ArrayLike>> = {
  argmax: [null],
  argmin: [null],
  argsort: [null],
};

/** The rules of the primitives that take or scatter entries by position. */
export const indexingRules: RulesOf<IndexingKernels<ArrayLike>> = {
  take: [(k, g, _y, x, indices, axis) => k.scatterAdd(g, indices, { axis, size: x.shape[axis]! }), null],
  scatterAdd: [(k, g, _y, _x, indices, { axis }) => k.take(g, indices, axis), null],
};

/** Reverses the entries of one axis. */
const flip = <A extends ArrayLike>(k: Kernels<A>, x: A, axis: number): A =>
  sliceAxis(k, x, axis, Math.max(0, x.shape[axis]! - 1), x.shape[axis]!, -1);

/** The rule of `cumsum`. */
export const cumulativeRules: RulesOf<CumulativeKernels<ArrayLike>> = {
  cumsum: [(k, g, _y, _x, axis) => flip(k, k.cumsum(flip(k, g, axis), axis), axis)],
};

/** The rules of convolutions, pooling, `unfold` and `fold`. */
export const windowedRules: RulesOf<WindowedKernels<ArrayLike>> = {
  unfold: [(k, g, _y, x, windows) => k.fold(g, { windows, shape: x.shape.slice(x.shape.length - windows.length) })],
  fold: [(k, g, _y, _x, { windows }) => k.unfold(g, windows)],
  conv: [
    (k, g, _y, x, w, of) => k.convInput(g, w, { ...of, shape: x.shape.slice(2) }),
    (k, g, _y, x, _w, of) => k.convWeight(x, g, of),
  ],
  convInput: [(k, g, _y, _x, w, of) => k.conv(g, w, of), (k, g, _y, x, _w, of) => k.convWeight(g, x, of)],
  convWeight: [
    (k, g, _y, x, z, of) => k.convInput(z, g, { ...of, shape: x.shape.slice(2) }),
    (k, g, _y, x, _z, of) => k.conv(x, g, of),
  ],
  maxPool: [(k, g, _y, _x, by, windows) => k.maxUnpool(g, by, windows), null],
  maxUnpool: [(k, g, _y, _x, by, windows) => k.maxPool(g, by, windows), null],
};

/** The rules of `expm1`, `log1p` and `softplus`. */
export const nearZeroRules: RulesOf<NearZeroKernels<ArrayLike>> = {
  // The form y + 1 would lose all precision for y near -1.
  expm1: [(k, g, _y, x) => k.mul(g, k.exp(x))],
  log1p: [(k, g, _y, x) => k.div(g, k.add(x, number(k, 1, x)))],
  softplus: [(k, g, _y, x) => k.mul(g, k.sigmoid(x))],
};

/**
 * Computes -floor(x / y), the number of times that y was added to x to get the remainder r, without rounding the
 * quotient. If the quotient isn't finite, as for an infinite y, r decides: r = x means 0 times, and r = y means once.
 */
function timesAdded<A extends ArrayLike>(k: Kernels<A>, r: A, x: A, y: A): A {
  const times = k.round(k.div(k.sub(r, x), y));
  const known = k.where(k.equal(r, x), number(k, 0, x), times);
  return k.where(k.equal(r, y), number(k, 1, x), known);
}

/** The rules of `floor`, `ceil`, `round` and `remainder`. */
export const roundingRules: RulesOf<RoundingKernels<ArrayLike>> = {
  floor: [null],
  ceil: [null],
  round: [null],
  remainder: [(_k, g) => g, (k, g, y, a, b) => shared(k, g, timesAdded(k, y, a, b))],
};

/** Returns ones that broadcast to x. */
const ones = <A extends ArrayLike>(k: Kernels<A>, x: A): A => number(k, 1, x);

/** Computes the normalised x, without weight and bias. */
const normalizedOf = <A extends ArrayLike>(k: Kernels<A>, x: A, of: Normalization): A =>
  k.normalize(x, ones(k, x), number(k, 0, x), of);

/**
 * Computes the Jacobian of the normalised x times h. The Jacobian is symmetric, so the function serves for both
 * cotangents and tangents.
 */
export const jacobianTimes = <A extends ArrayLike>(k: Kernels<A>, h: A, x: A, of: Normalization): A =>
  k.normalizeGrad(h, x, ones(k, x), of);

/** Computes 1 / sqrt(variance + eps). */
function inverseDeviation<A extends ArrayLike>(k: Kernels<A>, x: A, { axes, eps, centered }: Normalization): A {
  const kept = x.shape.map((length, i) => (axes.includes(i) ? 1 : length));
  const variance = centered ? k.reshape(sliceAxis(k, k.moments(x, axes), 0, 1, 1), kept) : k.mean(k.mul(x, x), axes);
  return k.div(ones(k, x), k.sqrt(k.add(variance, number(k, eps, x))));
}

/**
 * Computes the cotangent of x in z = J u, with u = g w. J is the Jacobian of the normalised x, y is the normalised x,
 * and h is the cotangent of z. The result is -(y mean(h z) + J h mean(u y) + z mean(h y)) / sqrt(variance + eps).
 */
function cotangentOfNormalized<A extends ArrayLike>(k: Kernels<A>, h: A, z: A, g: A, x: A, w: A, of: Normalization): A {
  const y = normalizedOf(k, x, of);
  const mean = (a: A, b: A): A => k.mean(k.mul(a, b), of.axes);
  const first = k.mul(y, mean(h, z));
  const second = k.mul(jacobianTimes(k, h, x, of), mean(k.mul(g, w), y));
  const third = k.mul(z, mean(h, y));
  return k.neg(k.mul(k.add(k.add(first, second), third), inverseDeviation(k, x, of)));
}

/** Computes the cotangent of x from the cotangent `g` of its means and variances. */
function cotangentOfMoments<A extends ArrayLike>(k: Kernels<A>, g: A, y: A, x: A, axes: readonly number[]): A {
  const part = (of: A, place: 0 | 1): A => k.reshape(sliceAxis(k, of, 0, place, 1), of.shape.slice(1));
  const count = number(k, countAlong(x.shape, axes), x);
  // The rounding error of a large mean can be as large as the deviations. So the mean of the remainder is subtracted, too,
  // which gives the same gradient as the first mean.
  const near = k.sub(x, k.stopGradient(part(y, 0)));
  const deviation = k.sub(near, k.mean(near, axes));
  const slope = k.mul(deviation, k.mul(part(g, 1), number(k, 2, x)));
  return k.div(k.add(slope, part(g, 0)), count);
}

/** The rules of the primitives of normalisation. */
export const normalizationRules: RulesOf<NormalizationKernels<ArrayLike>> = {
  normalize: [
    (k, g, _y, x, w, _b, of) => k.normalizeGrad(g, x, w, of),
    (k, g, _y, x, w, _b, of) => k.normalizeWeightGrad(g, x, { ...of, shape: w.shape }),
    (_k, g) => g,
  ],
  normalizeGrad: [
    (k, h, _z, _g, x, w, of) => k.mul(jacobianTimes(k, h, x, of), w),
    cotangentOfNormalized,
    (k, h, _z, g, x, _w, of) => k.mul(g, jacobianTimes(k, h, x, of)),
  ],
  normalizeWeightGrad: [
    (k, h, _z, _g, x, of) => k.normalize(x, h, number(k, 0, x), of),
    (k, h, _z, g, x, of) => k.normalizeGrad(g, x, h, of),
  ],
  moments: [cotangentOfMoments],
};
