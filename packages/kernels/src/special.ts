/** Scalar functions that `Math` lacks, in float64. */

/** Computes 1 / (1 + exp(-x)) without overflow of the exponential. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** Computes log(1 + exp(x)) as max(x, 0) + log(1 + exp(-|x|)). */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/**
 * The coefficients of P and Q, from the constant one on: erf(x) = x + x P(x^2) for |x| <= 1, and erf(x) = 1 -
 * exp(-Q(x)) for 1 <= x <= 6. The two approximations have errors of at most 2^-56.0 and 2^-56.9. Q is fitted to the
 * logarithm of erfc, with the error weighted by erfc / erf. Both are minimax polynomials from test/fixtures/minimax.py.
 */
export const erfPolynomials = {
  small: [
    ...[0.12837916709551256, -0.37612638903183343, 0.11283791670936952, -0.026866170641959657, 0.00522397759674285],
    ...[-0.000854832548547042, 0.00012055280514894, -1.4924466072966e-5, 1.64441569055e-6, -1.6184047063e-7],
    ...[1.3616971722e-8, -7.60837555e-10],
  ],
  large: [
    ...[5.0281681675e-7, 1.1283740897957364, 0.6366436266491668, 0.1027034435097672, -0.01899018648384736],
    ...[-0.00041061726923168, 0.001915932185057105, -0.0007706342279477, 0.00013504474057526, 2.0269430937734e-5],
    ...[-2.2823577396345e-5, 8.6674913207738e-6, -2.1357544451855e-6, 3.733165529373e-7, -4.642465620969e-8],
    ...[3.93441796633e-9, -2.04505057208e-10, 4.92885098e-12],
  ],
} as const;

/**
 * The coefficients of C: erfc(x) = exp(-x^2) (1 + C(q)) / (1 + 2 x) with q = (x - 4) / (x + 4), for 0 <= x <= 27.3. The
 * error is at most 2^-56.9. C is a minimax polynomial from test/fixtures/minimax.py.
 */
export const erfcPolynomial = [
  ...[0.2329951186255525, -0.1396211168405625, 0.015379652102622876, 0.06809705425469126],
  ...[-0.10103906603646844, 0.09373283499836008, -0.06633036580884283, 0.03716751553820353],
  ...[-0.016197734093450645, 0.00503196996210951, -0.000757773070507867, -0.000199256552494122],
  ...[0.00015062086326413, -2.439990173552e-5, -1.1220183659773e-5, 5.711668703383e-6],
  ...[2.91401272705e-7, -8.28601407466e-7, 7.6079117036e-8, 1.1286911909e-7],
  ...[-1.7858173123e-8, -1.5142852555e-8, 1.492229545e-9, 1.260821442e-9],
];

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + coefficients[i]!;
  return value;
}

/**
 * Computes the error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x, to within 2 units in the last
 * place.
 *
 * x + x P(x^2) is accurate near 0, where erf(x) is nearly 2 x / sqrt(pi). In 1 - exp(-Q(x)), the exponential is small,
 * so its error matters little.
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 1) return x + x * polynomial(erfPolynomials.small, x * x);
  if (a < 6) return Math.sign(x) * (1 - Math.exp(-polynomial(erfPolynomials.large, a)));
  return Math.sign(x);
}

/**
 * Computes 1 - erf(x), to within 4 units in the last place where the result is small.
 *
 * x^2 is split into an exact square and a small rest, and the exponential of the square is computed as a square itself.
 * Therefore no accuracy is lost to rounding x^2 or to subnormal numbers.
 */
export function erfc(x: number): number {
  const a = Math.min(Math.abs(x), 27.3);
  const high = Math.fround(a);
  const root = Math.exp((high * high) / -2);
  const scaled = (1 + polynomial(erfcPolynomial, (a - 4) / (a + 4))) / (1 + 2 * a);
  const above = root * (scaled * Math.exp((high - a) * (high + a)) * root);
  return x < 0 ? 2 - above : above;
}

/** Computes x to the power y as in IEEE 754, not ECMAScript: 1 to any power is 1, and so is -1 to an infinite power. */
export const power = (x: number, y: number): number =>
  x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;

/** Rounds to the nearest integer, with ties to even; zeros keep their sign. */
export function roundToEven(x: number): number {
  const a = Math.abs(x);
  // From 2^52 on, floats have no fraction.
  return a < 2 ** 52 ? Math.sign(x) * (a + 2 ** 52 - 2 ** 52) : x;
}

/** Computes x - floor(x / y) y without rounding the quotient; the result has the divisor's sign. */
export function remainder(x: number, y: number): number {
  const rest = x % y;
  return rest === 0 || rest < 0 === y < 0 ? rest : rest + y;
}

const STEP = 2 ** 600;
const [LOW, HIGH] = [2 ** -300, 2 ** 300];

/**
 * Returns whether a number is too large or small to multiply safely: its magnitude is below 2^-300, or at least 2^300.
 * Returns false for NaN.
 */
export function isFarOut(x: number): boolean {
  const size = Math.abs(x);
  return size < LOW || size >= HIGH;
}

/**
 * Returns the steps of 2^600 by which a number's magnitude is outside the safe range: 1 above it, -1 below it, 0 within
 * it. Returns 0 for zeros and infinities.
 */
export function excessSteps(x: number): number {
  if (x === 0 || !isFarOut(x) || Math.abs(x) === Number.POSITIVE_INFINITY) return 0;
  return Math.abs(x) < LOW ? -1 : 1;
}

/** Computes x 2^(600 steps). */
export function bySteps(x: number, steps: number): number {
  let value = x;
  // Five steps already exceed the range of float64, so more change nothing.
  for (let left = Math.min(Math.abs(steps), 5); left > 0; left--) value = steps > 0 ? value * STEP : value / STEP;
  return value;
}
