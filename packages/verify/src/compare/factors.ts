/** Finds constant factors between tensors, and gives them names. */

import type { Data, Shape } from '@tapegrad/kernels';
import { fits, formatNumber, largestOf, type Precision } from '../differences/precision.ts';

type Ratio = 'n' | '1/n' | '2' | '1/2' | '2/n' | 'n/2';

/** The names of constant factors that are often lost or gained in derivations. The number of points is n. */
export type FactorName = '-1' | Ratio | `-${Ratio}`;

/** A factor that is related to the length of an axis. */
export interface LengthRatio {
  /** The axes of this length; empty if the length is the total number of elements. */
  readonly axes: readonly number[];
  /** The number by which the length or its reciprocal is multiplied: 1, 2 or 1/2. It is negative if the factor is. */
  readonly times: number;
  /** Whether the factor contains the reciprocal of the length. */
  readonly inverse: boolean;
}

/** A constant factor, with its name or its relation to axis lengths. */
export interface Factor {
  readonly factor: number;
  /** The name of the factor, if it has one. */
  readonly named: FactorName | undefined;
  /** The relation of the factor to the lengths of axes, if it has no name. */
  readonly length: LengthRatio | undefined;
}

const ratios: readonly (readonly [Ratio, (n: number) => number])[] = [
  ['n', (n) => n],
  ['1/n', (n) => 1 / n],
  ['2', () => 2],
  ['1/2', () => 1 / 2],
  ['2/n', (n) => 2 / n],
  ['n/2', (n) => n / 2],
];

/**
 * Returns the named factors with their values for n points, except those equal to 1. If n is undefined, returns only
 * the factors that don't depend on it.
 */
export function namedFactors(n: number | undefined): Map<FactorName, number> {
  const named = new Map<FactorName, number>([['-1', -1]]);
  for (const [name, valueFor] of ratios) {
    const value = valueFor(n ?? Number.NaN);
    if (value !== 1 && !Number.isNaN(value)) named.set(name, value).set(`-${name}`, -value);
  }
  return named;
}

const isClose = (x: number, y: number): boolean => Math.abs(x - y) <= 1e-6 * Math.abs(y);

/** Finds an axis length, or the number of elements, that is related to a factor. */
function lengthRatioOf(factor: number, shape: Shape): LengthRatio | undefined {
  const size = shape.reduce((product, length) => product * length, 1);
  for (const length of [...new Set([...shape, size])]) {
    if (length < 2) continue;
    const axes = [...shape.keys()].filter((axis) => shape[axis] === length);
    for (const times of [1, -1, 2, -2, 1 / 2, -1 / 2]) {
      if (isClose(factor, times * length)) return { axes, times, inverse: false };
      if (isClose(factor, times / length)) return { axes, times, inverse: true };
    }
  }
  return undefined;
}

/** Describes a factor by its name, or else by the axis lengths that it is related to. */
export function describeFactor(factor: number, n: number | undefined, shape: Shape): Factor {
  const named = [...namedFactors(n)].find(([, value]) => value === factor)?.[0];
  const isPlain = named !== undefined || isClose(Math.abs(factor), 1);
  return { factor, named, length: isPlain ? undefined : lengthRatioOf(factor, shape) };
}

/** Fits the factor between `expected` and `actual` by least squares. Returns NaN if fewer than two elements are nonzero. */
export function leastSquares(expected: Data, actual: Data): number {
  const largest = largestOf(expected);
  let [factor, count] = [0, 0];
  // Fits the residual again, to remove the rounding error of long sums from the factor.
  for (let round = 0; round < 2; round++) {
    let [product, square] = [0, 0];
    count = 0;
    for (let i = 0; i < expected.length; i++) {
      const e = expected[i]! / largest;
      product += e * (actual[i]! / largest - factor * e);
      square += e * e;
      if (e !== 0) count++;
    }
    factor += product / square;
  }
  // A single element proves nothing, since any number is a multiple of another.
  return count > 1 ? factor : Number.NaN;
}

/**
 * Returns the common factor by which `actual` differs from `expected`, which may be 1. Returns undefined if there is
 * none.
 */
export function factorBetween(
  expected: Data,
  actual: Data,
  precision: Precision,
  n: number | undefined,
  shape: Shape,
): Factor | undefined {
  if (fits(expected, actual, precision)) return { factor: 1, named: undefined, length: undefined };
  const isFactor = (factor: number): boolean => Number.isFinite(factor) && factor !== 0;
  const factor = [...namedFactors(n).values(), leastSquares(expected, actual)].find(
    (candidate) => isFactor(candidate) && fits(expected, actual, precision, candidate),
  );
  return factor === undefined ? undefined : describeFactor(factor, n, shape);
}

const list = (axes: readonly number[]): string => axes.join(' and ');

function formatLength({ axes, times, inverse }: LengthRatio): string {
  const length =
    axes.length === 0 ? 'the number of elements' : `the length of ${axes.length > 1 ? 'axes' : 'axis'} ${list(axes)}`;
  const size = Math.abs(times);
  if (inverse) return `${size === 1 / 2 ? '1/2' : size} by ${length}`;
  return size === 1 ? length : `${size === 2 ? 'twice' : 'half'} ${length}`;
}

function formatValue({ factor, named }: Factor): string {
  const value = formatNumber(factor);
  if (named !== undefined) return named === value ? value : `${named} = ${value}`;
  if (Math.abs(factor) !== 1 && Math.abs(Number(value)) === 1) {
    const excess = factor - Number(value);
    return `${value} ${excess < 0 ? '-' : '+'} ${formatNumber(Math.abs(excess))}`;
  }
  return value;
}

/** Formats a factor for messages: its value, with its name or its relation to an axis length. */
export function formatFactor(factor: Factor): string {
  const { length } = factor;
  if (length === undefined) return formatValue(factor);
  const sign = length.times < 0 ? ' with the sign changed' : '';
  return `${formatValue(factor)}, ${formatLength(length)}${sign}`;
}
