/** Constant factors between tensors, and what they are called. */

import type { Data, Shape } from '@tapegrad/kernels';
import { fits, formatNumber, largestOf, type Precision } from '../differences/precision.ts';

type Ratio = 'n' | '1/n' | '2' | '1/2' | '2/n' | 'n/2';

/** The constant factors that have a name: those that derivations lose or gain, n being the number of points. */
export type FactorName = '-1' | Ratio | `-${Ratio}`;

/** A factor that is the length of an axis, or has to do with it. */
export interface LengthRatio {
  /** The axes that are this long; none where it is the number of all elements. */
  readonly axes: readonly number[];
  /** The factor by the length: 1 for the length itself, -1 where it is negative. */
  readonly times: number;
  /** Whether the length is divided by. */
  readonly inverse: boolean;
}

/** A constant factor, and what it is. */
export interface Factor {
  readonly factor: number;
  /** What it is, where it is one of those that have a name. */
  readonly named: FactorName | undefined;
  /** What it has to do with the lengths of axes, where it has no name. */
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

/** The factors that have a name, with their values for n points; those without n where that is not known. */
export function namedFactors(n: number | undefined): Map<FactorName, number> {
  const named = new Map<FactorName, number>([['-1', -1]]);
  for (const [name, valueFor] of ratios) {
    const value = valueFor(n ?? Number.NaN);
    if (value !== 1 && !Number.isNaN(value)) named.set(name, value).set(`-${name}`, -value);
  }
  return named;
}

/** Whether two numbers are the same but for rounding. */
const isClose = (x: number, y: number): boolean => Math.abs(x - y) <= 1e-6 * Math.abs(y);

/** What a factor has to do with the lengths of axes. */
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

/** A factor with its name, or else with the lengths that it has to do with. */
export function describeFactor(factor: number, n: number | undefined, shape: Shape): Factor {
  const named = [...namedFactors(n)].find(([, value]) => value === factor)?.[0];
  const isPlain = named !== undefined || isClose(Math.abs(factor), 1);
  return { factor, named, length: isPlain ? undefined : lengthRatioOf(factor, shape) };
}

/** The factor by which `actual` is off on the whole, by least squares; NaN where there is nothing to tell it from. */
export function leastSquares(expected: Data, actual: Data): number {
  const largest = largestOf(expected);
  let [factor, count] = [0, 0];
  // Once more on what is left, so that the rounding of long sums is not taken for the factor's.
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
  // One element alone is a multiple of any other.
  return count > 1 ? factor : Number.NaN;
}

/** The one factor by which `actual` is off, 1 included, if there is one. */
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

/** A factor as sentences print it: its name, its value, and what length it is. */
export function formatFactor(factor: Factor): string {
  const { length } = factor;
  if (length === undefined) return formatValue(factor);
  const sign = length.times < 0 ? ' with the sign changed' : '';
  return `${formatValue(factor)}, ${formatLength(length)}${sign}`;
}
