/** Decides which numbers count as equal, given units in the last place and errors that are known beforehand. */

import type { Data } from '@tapegrad/kernels';

/** The precision with which elements are compared. */
export interface Precision {
  /** Machine epsilon: the distance from 1 to the next larger number. */
  readonly epsilon: number;
  /** The smallest positive number. */
  readonly tiny: number;
  /** The largest error that counts as rounding, in units in the last place. */
  readonly bound: number;
  /** The size of the terms whose sums are the elements. */
  readonly scale: number;
  /** The error allowed in addition to rounding, relative to the element or the scale, whichever is larger. */
  readonly tolerance: number;
  /** The error allowed for each expected element; undefined if no errors are known. */
  readonly errors: Float64Array | undefined;
}

export const precisionOf = {
  float64: { epsilon: 2 ** -52, tiny: 2 ** -1074 },
  float32: { epsilon: 2 ** -23, tiny: 2 ** -149 },
};

/** Returns the largest finite |x|, or 0 if no element is finite. */
export function largestOf(x: Data): number {
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(x[i]!);
    if (size > largest && size < Infinity) largest = size;
  }
  return largest;
}

/** Returns the unit in the last place of a number of the given magnitude. */
function unitInLastPlace(magnitude: number, { epsilon, tiny }: Precision): number {
  return Math.max(tiny, epsilon * 2 ** Math.floor(Math.log2(magnitude)));
}

/** A summary of the errors of all elements. */
export interface Errors {
  /** The largest error in units in the last place; Infinity if a pair includes a NaN, or an infinity on one side only. */
  readonly ulps: number;
  /** The largest ratio of an error to its limit, among errors that exceed rounding but are allowed. */
  readonly share: number;
  /** The number of elements whose error exceeds the limit. */
  readonly outside: number;
}

/** The error of one pair of elements. */
interface PairError {
  readonly ulps: number;
  /** The ratio of the error to the limit allowed in addition to rounding; 0 if the error counts as rounding. */
  readonly share: number;
  readonly isAllowed: boolean;
}

const exact: PairError = { ulps: 0, share: 0, isAllowed: true };

/** Computes the error of an element relative to `factor` times the expected element at the same position. */
function errorAt(expected: Data, actual: Data, place: number, precision: Precision, factor: number): PairError {
  const { bound, scale, tolerance, errors } = precision;
  const wanted = expected[place]! * factor;
  const found = actual[place]!;
  // Skips elements that finite differences couldn't determine.
  if (wanted === found || errors?.[place] === Infinity) return exact;
  const size = Math.max(Math.abs(wanted), scale * Math.abs(factor));
  const error = Math.abs(found - wanted);
  const counted = error / unitInLastPlace(size, precision);
  const ulps = Number.isFinite(counted) ? counted : Infinity;
  if (ulps <= bound) return { ulps, share: 0, isAllowed: true };
  const share = error / (tolerance * size + (errors?.[place] ?? 0) * Math.abs(factor));
  return { ulps, share, isAllowed: share <= 1 };
}

/** Computes the errors of `actual` relative to `factor` times `expected`. */
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

/** Returns whether an element equals `factor` times the expected element at the same position, within the allowed error. */
export const fitsAt = (expected: Data, actual: Data, place: number, precision: Precision, factor = 1): boolean =>
  errorAt(expected, actual, place, precision, factor).isAllowed;

/**
 * Returns whether every element of `actual` equals the corresponding element of `factor` times `expected`, within the
 * allowed error.
 */
export function fits(expected: Data, actual: Data, precision: Precision, factor = 1): boolean {
  for (let i = 0; i < expected.length; i++) if (!fitsAt(expected, actual, i, precision, factor)) return false;
  return true;
}

/** Formats a number for messages, to 4 significant digits. */
export const formatNumber = (value: number): string => String(Number(value.toPrecision(4)));

/** Formats two numbers with just enough digits to tell them apart. */
export function formatApart(x: number, y: number): [string, string] {
  for (let digits = 4; digits < 17; digits++) {
    const [one, other] = [x, y].map((value) => String(Number(value.toPrecision(digits)))) as [string, string];
    if (one !== other) return [one, other];
  }
  return [String(x), String(y)];
}
