/** Functions that replace unknown ones, with their derivatives. */

/** Returns the derivative of a given order at x. */
export type Sample = (x: number, order: number) => number;

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Returns derivatives of the sigmoid as polynomials in its value. */
function sigmoidSlopes(x: number, order: number): number {
  const s = sigmoid(x);
  const slope = s * (1 - s);
  if (order === 0) return s;
  if (order === 1) return slope;
  if (order === 2) return slope * (1 - 2 * s);
  return slope * (1 - 6 * s + 6 * s * s);
}

function tanhSlopes(x: number, order: number): number {
  const t = Math.tanh(x);
  const slope = 1 - t * t;
  if (order === 0) return t;
  if (order === 1) return slope;
  if (order === 2) return -2 * t * slope;
  return slope * (6 * t * t - 2);
}

/** Smooth functions with curvature everywhere, so that no identity holds by chance. */
export const samples: readonly { readonly name: string; readonly sample: Sample }[] = [
  { name: 'tanh', sample: tanhSlopes },
  { name: 'softplus', sample: (x, order) => (order === 0 ? Math.log1p(Math.exp(x)) : sigmoidSlopes(x, order - 1)) },
  { name: 'sigmoid', sample: sigmoidSlopes },
  { name: 'sin', sample: (x, order) => Math.sin(x + 0.5 + (order * Math.PI) / 2) },
];

/** Returns a function for a name, the same at each call. */
export function sampleFor(fn: string): (typeof samples)[number] {
  let hash = 7;
  for (const character of fn) hash = (hash * 31 + character.codePointAt(0)!) % 9973;
  return samples[hash % samples.length]!;
}
