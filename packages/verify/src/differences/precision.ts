/** What counts as equal: units in the last place, and errors that are known beforehand. */

import type { Data } from '@tapegrad/kernels';

/** How elements are judged. */
export interface Precision {
  /** The distance from 1 to the next number. */
  readonly epsilon: number;
  /** The smallest number above 0. */
  readonly tiny: number;
  /** The largest error taken for rounding, in units in the last place. */
  readonly bound: number;
  /** The size of the terms that elements are added up from. */
  readonly scale: number;
  /** An error that is allowed beside, as a share of the element or of the scale, whichever is larger. */
  readonly tolerance: number;
  /** The error that each expected element may have; none where they are exact. */
  readonly errors: Float64Array | undefined;
}

export const precisionOf = {
  float64: { epsilon: 2 ** -52, tiny: 2 ** -1074 },
  float32: { epsilon: 2 ** -23, tiny: 2 ** -149 },
};

/** The largest |x| of those that are finite; 0 of none. */
export function largestOf(x: Data): number {
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(x[i]!);
    if (size > largest && size < Infinity) largest = size;
  }
  return largest;
}

/** The unit in the last place of a number of this size. */
function unitInLastPlace(magnitude: number, { epsilon, tiny }: Precision): number {
  return Math.max(tiny, epsilon * 2 ** Math.floor(Math.log2(magnitude)));
}

/** How far off elements are. */
export interface Errors {
  /** The largest, in units in the last place; Infinity where a number is not finite on one side alone, or NaN. */
  readonly ulps: number;
  /** The largest of those beyond rounding that are allowed, as a share of what is. */
  readonly share: number;
  /** How many elements are off by more than is allowed. */
  readonly outside: number;
}

/** Of one pair of elements. */
interface PairError {
  readonly ulps: number;
  /** What is allowed beside rounding, and how much of it there is. */
  readonly share: number;
  readonly isAllowed: boolean;
}

const exact: PairError = { ulps: 0, share: 0, isAllowed: true };

/** The error of an element as `factor` times what was expected at a place. */
function errorAt(expected: Data, actual: Data, place: number, precision: Precision, factor: number): PairError {
  const { bound, scale, tolerance, errors } = precision;
  const wanted = expected[place]! * factor;
  const found = actual[place]!;
  // What differences could not tell is judged by nothing.
  if (wanted === found || errors?.[place] === Infinity) return exact;
  const size = Math.max(Math.abs(wanted), scale * Math.abs(factor));
  const error = Math.abs(found - wanted);
  const counted = error / unitInLastPlace(size, precision);
  const ulps = Number.isFinite(counted) ? counted : Infinity;
  if (ulps <= bound) return { ulps, share: 0, isAllowed: true };
  const share = error / (tolerance * size + (errors?.[place] ?? 0) * Math.abs(factor));
  return { ulps, share, isAllowed: share <= 1 };
}

/** The errors of `actual` as `factor` times `expected`. */
export function errorsOf(expected: Data, actual: Data, precision: Precision, factor = 1): Errors {
  let [ulps, share, outside] = [0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    const error = errorAt(expected, actual, i, precision, factor);
    if (error.ulps > ulps) ulps = error.ulps;
    if (error.isAllowed) share = Math.max(share, error.share);
    else outside++;
  }
  return { ulps, share, outside };
}

/** Whether an element is `factor` times what was expected at a place. */
export const fitsAt = (expected: Data, actual: Data, place: number, precision: Precision, factor = 1): boolean =>
  errorAt(expected, actual, place, precision, factor).isAllowed;

/** Whether all of `actual` is `factor` times `expected`. */
export function fits(expected: Data, actual: Data, precision: Precision, factor = 1): boolean {
  for (let i = 0; i < expected.length; i++) if (!fitsAt(expected, actual, i, precision, factor)) return false;
  return true;
}

/** A number as sentences print it. */
export const formatNumber = (value: number): string => String(Number(value.toPrecision(4)));

/** Two numbers with as many digits as tell them apart. */
export function formatApart(x: number, y: number): [string, string] {
  for (let digits = 4; digits < 17; digits++) {
    const [one, other] = [x, y].map((value) => String(Number(value.toPrecision(digits)))) as [string, string];
    if (one !== other) return [one, other];
  }
  return [String(x), String(y)];
}
