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
 * P with erf(x) = x + x P(x^2) for 0 <= x <= 1, relative error 2^-29.3 and 2^-56.0: minimax polynomials of
 * test/fixtures/minimax.py.
 */
const SMALL: ByFloat<readonly number[]> = {
  f32: [0.12837917, -0.37612626, 0.11283579, -0.026853347, 0.005187162, -0.000799785, 7.8069e-5],
  f64: [
    ...[0.12837916709551256, -0.37612638903183343, 0.11283791670936952, -0.026866170641959657, 0.00522397759674285],
    ...[-0.000854832548547042, 0.00012055280514894, -1.4924466072966e-5, 1.64441569055e-6, -1.6184047063e-7],
    ...[1.3616971722e-8, -7.60837555e-10],
  ],
};

/**
 * Q with erf(x) = 1 - exp(-Q(x)) for 1 <= x <= `one`, relative error of erf 2^-29.6 and 2^-56.9: minimax polynomials of
 * test/fixtures/minimax.py for the logarithm of erfc, the error weighted by erfc / erf.
 */
const LARGE: ByFloat<readonly number[]> = {
  f32: [0.00034153, 1.1270891, 0.6381449, 0.10310673, -0.0218381, 0.00294769, -0.000186386],
  f64: [
    ...[5.0281681675e-7, 1.1283740897957364, 0.6366436266491668, 0.1027034435097672, -0.01899018648384736],
    ...[-0.00041061726923168, 0.001915932185057105, -0.0007706342279477, 0.00013504474057526, 2.0269430937734e-5],
    ...[-2.2823577396345e-5, 8.6674913207738e-6, -2.1357544451855e-6, 3.733165529373e-7, -4.642465620969e-8],
    ...[3.93441796633e-9, -2.04505057208e-10, 4.92885098e-12],
  ],
};

/** From here on erf is 1. */
const ONE: ByFloat<number> = { f32: 4, f64: 6 };

/** Both formulas for every lane (the second as -expm1(-Q)), as Juffa does for float32: a choice costs less than a jump. */
export const erf: UnaryFunction = (f, v) => {
  const [one, highest] = constants(f, v, 1, ONE[v.scalar]);
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
