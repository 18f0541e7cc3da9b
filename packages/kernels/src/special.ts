/** Scalar functions that `Math` lacks, in float64. */

/** 1 / (1 + exp(-x)); the exponential never overflows. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)). */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

// Chebyshev fits of erf(sqrt t) / sqrt t - 1 on [0, 1], and of erfc(x) exp(x^2) on [1, 6] in (x - 2.5) / (x + 2.5), from
// the constant on; `test/fixtures/erf.py` makes them.
const near = [
  0.12837916709551256, -0.37612638903183543, 0.11283791670945006, -0.02686617064323777, 0.0052239776071164225,
  -0.0008548325975389692, 0.00012055294904839707, -1.492473690741966e-5, 1.6447424703317362e-6, -1.6208483801871705e-7,
  1.3720064546777686e-8, -7.795898827002142e-10,
] as const;
const far = [
  0.2108063640611436, -0.37173673394897294, 0.2517131932174488, -0.12503305237891782, 0.03992253907546523,
  -0.003993701160123029, -0.0026423659518134547, 0.0008759152875774328, 0.0002283799633257643, -0.00012887483134837842,
  -3.4175718896856294e-5, 1.8596747731144528e-5, 7.499735050763299e-6, -2.2328516517555215e-6, -1.587633893127344e-6,
] as const;

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + coefficients[i]!;
  return value;
}

/**
 * The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x, to within 2 units in the last place.
 *
 * The first form keeps its digits near 0, where erf(x) is nearly 2 x / sqrt(pi); in the second an error of erfc counts
 * little.
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 1) return x + x * polynomial(near, x * x);
  if (a < 6) return Math.sign(x) * (1 - Math.exp(-a * a) * polynomial(far, (a - 2.5) / (a + 2.5)));
  return Math.sign(x);
}

/** x to the power y as IEEE 754 has it, and not ECMAScript: 1 to any power is 1, and so is -1 to an infinite one. */
export const power = (x: number, y: number): number =>
  x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;

/** The nearest whole number, of two the even one; zeros keep their sign. */
export function roundToEven(x: number): number {
  const a = Math.abs(x);
  // Beside 2^52 there is no room for a fraction.
  return a < 2 ** 52 ? Math.sign(x) * (a + 2 ** 52 - 2 ** 52) : x;
}

/** x - floor(x / y) y, without the quotient's rounding: what is left has y's sign. */
export function remainder(x: number, y: number): number {
  const rest = x % y;
  return rest === 0 || rest < 0 === y < 0 ? rest : rest + y;
}
