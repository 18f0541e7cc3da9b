/** Scalar functions from which the reference interpreter makes primitives. */

import type { DType } from '../arrays/dtype.ts';
import { type Activation, type Unary, unary } from '../primitives.ts';
import { get, type Nd } from './arrays.ts';

/**
 * The functions that `Math` has under a primitive's name; the reference interpreter overrides those that must differ.
 */
export const ofMath = Object.fromEntries(
  Object.keys(unary).flatMap((name) => (name in Math ? [[name, Math[name as keyof Math]]] : [])),
) as { readonly [P in Extract<Unary, keyof Math>]: (x: number) => number };

/** Returns the function that multiplies two numbers of a dtype. */
export const timesOf = (dtype: DType) => (dtype === 'int32' ? Math.imul : (x: number, y: number): number => x * y);

/** Computes g s'(x) for an activation from its value y = s(x). */
export const activationDerivatives: { readonly [A in Activation]: (g: number, y: number) => number } = {
  relu: (g, y) => (y === 0 ? 0 : g),
  tanh: (g, y) => g * (1 - y * y),
  sigmoid: (g, y) => g * (y * (1 - y)),
};

/** For each row x, returns the differences x - max x, the sum of their exponentials, and the logarithm of that sum. */
export function softmaxRows(x: Nd) {
  const [n, classes] = x.shape as [number, number];
  return Array.from({ length: n }, (_, i) => {
    const row = Array.from({ length: classes }, (_, j) => get(x, [i, j]));
    const most = row.reduce((largest, value) => Math.max(largest, value));
    const shifted = row.map((value) => value - most);
    const sum = shifted.reduce((total, value) => total + Math.exp(value), 0);
    return { shifted, sum, logSum: Math.log(sum) };
  });
}
