/** erf. */

import { erfPolynomials } from '../../special.ts';
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

/** As float64 has them, and for float32 by the same script with relative errors of 2^-29.3 and 2^-29.6. */
const SMALL: ByFloat<readonly number[]> = {
  f32: [0.12837917, -0.37612626, 0.11283579, -0.026853347, 0.005187162, -0.000799785, 7.8069e-5],
  f64: erfPolynomials.small,
};
const LARGE: ByFloat<readonly number[]> = {
  f32: [0.00034153, 1.1270891, 0.6381449, 0.10310673, -0.0218381, 0.00294769, -0.000186386],
  f64: erfPolynomials.large,
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
