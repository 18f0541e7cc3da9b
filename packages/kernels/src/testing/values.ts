/** The numbers that fill the arrays of the case table: generated, not stored, and the same on every machine. */

import type { DType } from '../arrays/dtype.ts';

/** A source of an array's elements. */
export type Values =
  /** The listed numbers, repeated cyclically. */
  | { readonly list: readonly number[] }
  /** Uniform between two bounds; for int32 and bool, integers below the upper bound. */
  | { readonly between: readonly [low: number, high: number]; readonly seed: number }
  /** Numbers of every order of magnitude between two bounds. With `signed`, half of them are negative. */
  | { readonly magnitudes: readonly [low: number, high: number]; readonly signed: boolean; readonly seed: number };

/** Hashes its arguments to a number in [0, 1), with the finalizer of MurmurHash3 (32 bits). */
function hash(seed: number, i: number): number {
  let h = Math.imul(seed, 0x9e3779b9) ^ i;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** Returns element `i`, in row-major order, of an array filled with `values`. */
export function valueAt(values: Values, dtype: DType, i: number): number {
  if ('list' in values) return values.list[i % values.list.length]!;
  const u = hash(values.seed, i);
  if ('between' in values) {
    const [low, high] = values.between;
    const value = low + (high - low) * u;
    return dtype === 'int32' || dtype === 'bool' ? Math.floor(value) : value;
  }
  const [low, high] = values.magnitudes.map(Math.log) as [number, number];
  const value = Math.exp(low + (high - low) * u);
  return values.signed && hash(~values.seed, i) < 0.5 ? -value : value;
}
