/** erf and erfc, on vectors. */

import { erfcPolynomial, erfPolynomials } from '../../special.ts';
import { v128 } from '../assembler/instructions.ts';
import { exponentSplitter, power } from './exponential.ts';
import {
  type ByFloat,
  coefficients,
  constants,
  FORMAT,
  polynomial,
  signer,
  type UnaryFunction,
} from './vector-function.ts';

/**
 * The polynomials P and Q of `erfPolynomials`. Those for float32 are from the same script, and have relative errors of
 * 2^-29.3 and 2^-29.6.
 */
const NEAR_ZERO: ByFloat<readonly number[]> = {
  f32: [0.12837917, -0.37612626, 0.11283579, -0.026853347, 0.005187162, -0.000799785, 7.8069e-5],
  f64: erfPolynomials.small,
};
const LARGE: ByFloat<readonly number[]> = {
  f32: [0.00034153, 1.1270891, 0.6381449, 0.10310673, -0.0218381, 0.00294769, -0.000186386],
  f64: erfPolynomials.large,
};

/** From this magnitude on, erf is 1. */
const ONE: ByFloat<number> = { f32: 4, f64: 6 };

/**
 * Evaluates both formulas of `erfPolynomials` for every lane (the second as -expm1(-Q)), as Juffa does for float32.
 * Selecting one of the results costs less than branching.
 */
export const erf: UnaryFunction = (f, v) => {
  const [one, highest] = constants(f, v, 1, ONE[v.scalar]);
  const small = coefficients(f, v, NEAR_ZERO);
  const large = coefficients(f, v, LARGE);
  const split = exponentSplitter(f, v, FORMAT[v.scalar].bias);
  const withSign = signer(f, v);
  return (x) => {
    const a = f.let(v.pmin(v.abs(x), highest));
    const below = f.let(v.madd(polynomial(f, v, f.let(v.mul(a, a)), small), a, a));
    const { sum, linear, curved } = split(f.let(v.neg(polynomial(f, v, a, large))));
    const scale = f.let(power(v, sum));
    const above = v.nmadd(curved, scale, v.nmadd(linear, scale, v.sub(one, scale)));
    return withSign(x, v128.bitselect(below, above, v.lt(a, one)));
  };
};

/**
 * The coefficients C, and the center m of q = (x - m) / (x + m). Those for float32 are from the same script, with a
 * relative error of 2^-25.8.
 */
const TAIL: ByFloat<readonly number[]> = {
  f32: [
    ...[0.2769784, -0.09276384, -0.16603142, 0.16405372, -0.05420539],
    ...[-0.008054555, 0.00863694, 0.001308933, -0.001236597, -0.000402308],
  ],
  f64: erfcPolynomial,
};
const CENTRE: ByFloat<number> = { f32: 2, f64: 4 };

/** From this argument on, erfc is 0. */
const NOTHING: ByFloat<number> = { f32: 10.1, f64: 27.3 };

/**
 * Computes exp(-a^2) (1 + C(q)) / (1 + 2 a) for a = |x|, or 2 minus this value if x is negative. a^2 is kept exactly,
 * as a sum of two terms.
 */
export const erfc: UnaryFunction = (f, v) => {
  const scaleBits = 64;
  const { mantissaBits, bias } = FORMAT[v.scalar];
  const [zero, one, two, centre, highest] = constants(f, v, 0, 1, 2, CENTRE[v.scalar], NOTHING[v.scalar]);
  const [halver, shrink] = constants(f, v, 2 ** Math.ceil((mantissaBits + 1) / 2) + 1, 2 ** -scaleBits);
  const c = coefficients(f, v, TAIL);
  const split = exponentSplitter(f, v, bias + scaleBits);
  return (x) => {
    const a = f.let(v.pmin(v.abs(x), highest));
    // a without the lower half of its bits (Veltkamp splitting), so that its square is exact.
    const shifted = f.let(v.mul(a, halver));
    const high = f.let(v.sub(shifted, v.sub(shifted, a)));
    const rest = v.mul(v.sub(high, a), v.add(high, a));
    const square = f.let(v.neg(v.mul(a, a)));
    const { sum, linear, curved } = split(square, f.let(v.neg(v.mul(high, high))), rest);
    const exponential = v.mul(v.add(v.add(linear, curved), one), power(v, sum));
    const q = f.let(v.div(v.sub(a, centre), v.add(a, centre)));
    const numerator = v.mul(exponential, v.add(polynomial(f, v, q, c), one));
    const above = f.let(v.mul(v.div(numerator, v.madd(a, two, one)), shrink));
    return v128.bitselect(v.sub(two, above), above, v.lt(x, zero));
  };
};
