/** Numbers with exponents of any size, whose products neither overflow nor underflow. */

/** The number m 2^e, which may be beyond float64's range. */
export type Scaled = readonly [m: number, e: number];

export const ONE: Scaled = [1, 0];

/** Splits off a number's exponent. */
function split(x: number): Scaled {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  const e = Math.min(1023, Math.floor(Math.log2(Math.abs(x))));
  return [x / 2 ** e, e];
}

/** Multiplies a scaled number by a plain one. */
export function times([m, e]: Scaled, x: number): Scaled {
  const [factor, more] = split(x);
  const [product, rest] = split(m * factor);
  return [product, e + more + rest];
}

/**
 * Converts a scaled number back to a plain one. Applies half of the exponent at a time, since 2^e may be out of range.
 */
export function joined([m, e]: Scaled): number {
  const most = Math.max(-2200, Math.min(2200, e));
  const half = Math.trunc(most / 2);
  return m * 2 ** half * 2 ** (most - half);
}
