/** Functions of numbers, of which the reference interpreter makes primitives. */

import type { DType } from '../arrays/dtype.ts';
import { type Activation, type Unary, unary } from '../primitives.ts';

/** What `Math` has under a primitive's name; those that differ from it are written out below. */
export const ofMath = Object.fromEntries(
  Object.keys(unary).flatMap((name) => (name in Math ? [[name, Math[name as keyof Math]]] : [])),
) as { readonly [P in Extract<Unary, keyof Math>]: (x: number) => number };

/** The product of two numbers of a dtype. */
export const timesOf = (dtype: DType) => (dtype === 'int32' ? Math.imul : (x: number, y: number): number => x * y);

/** g s'(x) of an activation, by its value y = s(x). */
export const slopes: { readonly [A in Activation]: (g: number, y: number) => number } = {
  relu: (g, y) => (y === 0 ? 0 : g),
  tanh: (g, y) => g * (1 - y * y),
  sigmoid: (g, y) => g * (y * (1 - y)),
};
