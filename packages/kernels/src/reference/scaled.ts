/** Numbers with exponents of any size, whose products neither overflow nor vanish. */

/** The number m 2^e, as large or small as it may be. */
export type Scaled = readonly [m: number, e: number];

export const ONE: Scaled = [1, 0];

/** A number with its exponent apart. */
function split(x: number): Scaled {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  const e = Math.min(1023, Math.floor(Math.log2(Math.abs(x))));
  return [x / 2 ** e, e];
}

/** The product with a number. */
export function times([m, e]: Scaled, x: number): Scaled {
  const [factor, more] = split(x);
  const [product, rest] = split(m * factor);
  return [product, e + more + rest];
}

/** The number itself. Half of the exponent at a time, as 2^e may be none. */
export function joined([m, e]: Scaled): number {
  const most = Math.max(-2200, Math.min(2200, e));
  const half = Math.trunc(most / 2);
  return m * 2 ** half * 2 ** (most - half);
}
