/** exp and the functions built on it: expm1, tanh, sigmoid. */

import { v128 } from '../assembler/instructions.ts';
import type { FunctionBuilder } from '../assembler/module-builder.ts';
import {
  type ByFloat,
  coefficients,
  constants,
  type FloatLanes,
  FORMAT,
  LN2,
  polynomial,
  signer,
  type UnaryFunction,
  unitsOf,
  type Vector,
  type VectorLocal,
} from './vector-function.ts';

/**
 * q such that expm1(r) = r + r^2 q(r) for |r| <= ln(2) / 2, with relative errors 2^-26.1 (float32) and 2^-55.6
 * (float64). Minimax polynomials from test/fixtures/minimax.py.
 */
export const EXPM1: ByFloat<readonly number[]> = {
  f32: [0.49999997, 0.16666546, 0.04166744, 0.0083663, 0.001387],
  f64: [
    ...[0.5000000000000006, 0.1666666666666665, 0.0416666666665763, 0.0083333333333605, 0.001388888893138],
    ...[0.000198412697692, 2.480150562e-5, 2.75573705e-6, 2.7625886e-7, 2.50637e-8],
  ],
};

/**
 * The arguments at which functions saturate. Below `zero`, exp is 0; below `minusOne`, expm1 is -1; above `one`, tanh
 * is 1; above `infinite`, exp is infinite.
 */
export const SATURATION: ByFloat<Readonly<Record<'zero' | 'minusOne' | 'one' | 'infinite', number>>> = {
  f32: { zero: -104, minusOne: -18, one: 9.5, infinite: 89 },
  f64: { zero: -746, minusOne: -38, one: 19.5, infinite: 710 },
};

/**
 * Splits x into n ln 2 + r with n an integer and |r| <= ln(2) / 2 (Cody and Waite). expm1(r) is `linear + curved`:
 * `linear` is x - n ln 2 except for the low bits of ln 2, and `curved` is much smaller. The two terms are kept apart,
 * so that their sum is rounded only once, when other terms are added.
 *
 * The lowest bits of the float `sum` hold n + offset: x / ln 2 was added to a float so large that its last bit has the
 * weight 1. If x is given as the sum of `high` and a much smaller `low`, no digits are lost.
 */
export function exponentSplitter(f: FunctionBuilder, v: FloatLanes, offset: number) {
  const [high, low] = LN2[v.scalar];
  const [perTurn, units, most, least] = constants(f, v, Math.LOG2E, unitsOf(v) + offset, high, -low);
  const q = coefficients(f, v, EXPM1);
  return (x: VectorLocal, high: VectorLocal = x, low?: Vector) => {
    const sum = f.let(v.madd(x, perTurn, units));
    const n = f.let(v.sub(sum, units));
    const linear = f.let(v.nmadd(n, most, high));
    const rest = f.let(low === undefined ? v.mul(n, least) : v.madd(n, least, low));
    const r = f.let(v.add(linear, rest));
    return { sum, n, linear, curved: v.madd(v.mul(r, r), polynomial(f, v, r, q), rest) };
  };
}

/** Returns 2^n, given a float whose lowest bits hold n + bias. */
export const power = (v: FloatLanes, sum: Vector): Vector => v.bits.shl(sum, FORMAT[v.scalar].mantissaBits);

/**
 * Writes 2^n as a product of two powers, for n from below the least exponent to above the greatest. A number near 1
 * times the first power stays normal, so the result is rounded only once. The lowest bits of `sum` hold n + 2 bias.
 */
export function powerHalver(f: FunctionBuilder, v: FloatLanes) {
  const [half, units] = constants(f, v, 0.5, unitsOf(v) + FORMAT[v.scalar].bias);
  return (sum: Vector, n: Vector) => {
    const first = f.let(v.madd(n, half, units));
    return { first: f.let(power(v, first)), second: f.let(power(v, v.bits.sub(sum, first))) };
  };
}

export const exp: UnaryFunction = (f, v) => {
  const { zero, infinite } = SATURATION[v.scalar];
  const [one, lowest, highest] = constants(f, v, 1, zero, infinite);
  const split = exponentSplitter(f, v, 2 * FORMAT[v.scalar].bias);
  const halve = powerHalver(f, v);
  return (x) => {
    const { sum, n, linear, curved } = split(f.let(v.pmax(v.pmin(x, highest), lowest)));
    const { first, second } = halve(sum, n);
    return v.mul(v.mul(v.add(v.add(linear, curved), one), first), second);
  };
};

/** Computes (a expm1(r) + (a - 1 / b)) b, with 2^n = a b. */
export const expm1: UnaryFunction = (f, v) => {
  const { bias } = FORMAT[v.scalar];
  const { minusOne, infinite } = SATURATION[v.scalar];
  const [lowest, highest, twice] = constants(f, v, minusOne, infinite, 2 ** bias);
  const split = exponentSplitter(f, v, 2 * bias);
  const halve = powerHalver(f, v);
  const withSign = signer(f, v);
  return (x) => {
    const { sum, n, linear, curved } = split(f.let(v.pmax(v.pmin(x, highest), lowest)));
    const { first, second } = halve(sum, n);
    const reciprocal = v.bits.sub(twice, second);
    return withSign(x, v.mul(v.madd(curved, first, v.madd(linear, first, v.sub(first, reciprocal))), second));
  };
};

/**
 * Computes exp(-|x|). The result is never too large, and scaling by 2^64 keeps small intermediate results normal, so
 * one power is enough.
 */
export const expOfMinusAbs: UnaryFunction = (f, v) => {
  const scaleBits = 64;
  const [lowest, one, minus, shrink] = constants(f, v, SATURATION[v.scalar].zero, 1, -0, 2 ** -scaleBits);
  const split = exponentSplitter(f, v, FORMAT[v.scalar].bias + scaleBits);
  return (x) => {
    const { sum, linear, curved } = split(f.let(v.pmax(v128.or(x, minus), lowest)));
    return v.mul(v.mul(v.add(v.add(linear, curved), one), power(v, sum)), shrink);
  };
};

/**
 * Computes 1 / (1 + e) if x >= 0 and e / (1 + e) if x < 0, where e = exp(-|x|). Both equal b - b e / (1 + e) with b = 1
 * or b = e. In this form, the rounding error of the quotient matters less.
 */
export const sigmoid: UnaryFunction = (f, v) => {
  const [zero, one] = constants(f, v, 0, 1);
  const decay = expOfMinusAbs(f, v);
  return (x) => {
    const e = f.let(decay(x));
    const b = f.let(v128.bitselect(e, one, v.lt(x, zero)));
    return v.nmadd(b, v.div(e, v.add(e, one)), b);
  };
};

/**
 * Computes tanh |x| = h / (1 + h) = b - b b / (1 + h), with h = expm1(2 |x|) / 2 and b = min(h, 1), and gives it the
 * sign of x.
 */
export const tanh: UnaryFunction = (f, v) => {
  const [one, half, highest, sign] = constants(f, v, 1, 0.5, 2 * SATURATION[v.scalar].one, -0);
  const split = exponentSplitter(f, v, FORMAT[v.scalar].bias - 1);
  const withSign = signer(f, v);
  return (x) => {
    // V8 rebuilds the mask of `abs` for each vector.
    const { sum, linear, curved } = split(f.let(v.pmin(v128.andnot(v.add(x, x), sign), highest)));
    const scale = f.let(power(v, sum));
    const h = f.let(v.madd(curved, scale, v.madd(linear, scale, v.sub(scale, half))));
    const b = f.let(v.pmin(h, one));
    return withSign(x, v.nmadd(b, v.div(b, v.add(h, one)), b));
  };
};
