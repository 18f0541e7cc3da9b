/** The one change of an array in place: for who owns its memory, such as an optimizer a parameter's. */

import type { Data } from './dtype.ts';
import { ArgumentError } from './errors.ts';

/**
 * y ← a x + b y, element by element, as BLAS names it. Numbers and results are rounded to the arrays' dtype, so that every
 * interpreter gives the same bits.
 */
export type Axpby = (a: number, x: Data, b: number, y: Data) => void;

/** Throws unless both arrays are float32, or both float64, and equally long. */
export function checkAxpby(x: Data, y: Data): asserts x is Float32Array | Float64Array {
  const isFloatArray = y instanceof Float32Array || y instanceof Float64Array;
  if (isFloatArray && x.constructor === y.constructor && x.length === y.length) return;
  const [got, into] = [x, y].map((array) => `a ${array.constructor.name} of ${array.length} elements`);
  throw new ArgumentError(`axpby: expected two arrays of floats that are alike, got ${got} and ${into}`);
}

/** In a loop; one for each dtype, since engines compile those better. */
export const axpby: Axpby = (a, x, b, y) => {
  checkAxpby(x, y);
  if (y instanceof Float32Array) narrow(Math.fround(a), x as Float32Array, Math.fround(b), y);
  else wide(a, x as Float64Array, b, y as Float64Array);
};

function narrow(a: number, x: Float32Array, b: number, y: Float32Array): void {
  // The sum of two float32 numbers in float64 rounds to float32 as if it had never been rounded before.
  for (let i = 0; i < y.length; i++) y[i] = Math.fround(a * x[i]!) + Math.fround(b * y[i]!);
}

function wide(a: number, x: Float64Array, b: number, y: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i] = a * x[i]! + b * y[i]!;
}
