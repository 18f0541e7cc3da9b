/** erf. */

import { v128 } from './instructions.ts';
import { exponentSplitter, power } from './math-exponential.ts';
import {
  type ByFloat,
  coefficients,
  constants,
  FORMAT,
  polynomial,
  signer,
  type UnaryFunction,
} from './math-vector.ts';

/**
 * P with erf(x) = x + x P(x^2) for 0 <= x <= 1, relative error 2^-29.4 and 2^-56.0: minimax polynomials of
 * test/fixtures/minimax.py.
 */
const SMALL: ByFloat<readonly number[]> = {
  f32: [0.12837917, -0.37612626, 0.11283579, -0.026853347, 0.005187162, -0.0007997853, 7.806904e-5],
  f64: [
    ...[0.12837916709551256, -0.37612638903183343, 0.11283791670936952, -0.026866170641959657, 0.005223977596742851],
    ...[-0.0008548325485470574, 0.00012055280514903778, -1.4924466073277453e-5, 1.6444156911044033e-6],
    ...[-1.6184047119212683e-7, 1.361697202689715e-8, -7.608376239253008e-10],
  ],
};

/**
 * Q with erf(x) = 1 - exp(-Q(x)) for 1 <= x <= `one`, relative error of erf 2^-29.8 and 2^-57.0: minimax polynomials of
 * test/fixtures/minimax.py for the logarithm of erfc, the error weighted by erfc / erf.
 */
const LARGE: ByFloat<readonly number[]> = {
  f32: [0.00034153202, 1.1270891, 0.6381449, 0.10310671, -0.021838062, 0.0029476658, -0.00018638116],
  f64: [
    ...[5.028168167481483e-7, 1.1283740897957364, 0.636643626649167, 0.1027034435097665, -0.018990186483845047],
    ...[-0.0004106172692365663, 0.0019159321850643846, -0.0007706342279557, 0.0001350447405818999],
    ...[2.0269430933529365e-5, -2.2823577394315145e-5, 8.667491320035305e-6, -2.1357544449879236e-6],
    ...[3.733165529000693e-7, -4.642465620511317e-8, 3.934417966020031e-9, -2.0450505720387343e-10],
    4.928850980999269e-12,
  ],
};

/** From here on erf is 1. */
const ONE: ByFloat<number> = { f32: 4, f64: 6 };

/** Both formulas for every lane (the second as -expm1(-Q)), as Juffa does for float32: a choice costs less than a jump. */
export const erf: UnaryFunction = (f, v) => {
  const { one, highest } = constants(f, v, { one: 1, highest: ONE[v.scalar] });
  const small = coefficients(f, v, SMALL);
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
