/** Scalar functions that `Math` lacks, in float64. */

/** 1 / (1 + exp(-x)); the exponential never overflows. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)). */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const twoOverSqrtPi = 2 / Math.sqrt(Math.PI);

/**
 * The error function, to within 4 units in the last place.
 *
 * Below 2.5 the series 2/sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!, all of whose terms are positive; above, one
 * less the continued fraction of erfc (Abramowitz and Stegun 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a < 6)) return Number.isNaN(x) ? x : Math.sign(x);
  const scale = twoOverSqrtPi * Math.exp(-a * a);
  if (a < 2.5) {
    let term = a;
    let sum = a;
    for (let n = 1; term > sum * 1e-18; n++) {
      term *= (2 * a * a) / (2 * n + 1);
      sum += term;
    }
    return x < 0 ? -scale * sum : x === 0 ? x : scale * sum;
  }
  let fraction = a;
  for (let n = 60; n > 0; n--) fraction = a + n / 2 / fraction;
  const tail = scale / 2 / fraction;
  return x < 0 ? tail - 1 : 1 - tail;
}
