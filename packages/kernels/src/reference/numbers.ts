/** Scalar functions from which the reference interpreter makes primitives. */

import type { DType } from '../arrays/dtype.ts';
import { type Activation, type Unary, unary } from '../primitives.ts';

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
