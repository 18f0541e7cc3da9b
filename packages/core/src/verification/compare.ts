/** Two tensors held against each other, with a verdict that says what is wrong with the second. */

import { ArgumentError, type Data, formatShape, type Shape, sameShape } from '@tapegrad/kernels';
import { checkTensor, type Tensor } from '../tensor.ts';

type Ratio = 'n' | '1/n' | '2' | '1/2' | '2/n' | 'n/2';

/** The constant factors that have a name: those that derivations lose or gain, n being the number of points. */
export type FactorName = '-1' | Ratio | `-${Ratio}`;

interface Compared {
  /** What was compared. */
  readonly name: string;
  /** Whether the two are equal, exactly or to rounding. */
  readonly passed: boolean;
  /** The verdict as a sentence. */
  readonly message: string;
}

/** Every element is equal. */
export interface EqualComparison extends Compared {
  readonly verdict: 'equal';
}

/** Every element is equal but for rounding. */
export interface RoundingComparison extends Compared {
  readonly verdict: 'rounding';
  /** The largest error, in units in the last place. */
  readonly ulps: number;
  /** The largest that would have been taken for rounding. */
  readonly bound: number;
}

/** Every element is off by the same factor. */
export interface FactorComparison extends Compared {
  readonly verdict: 'factor';
  /** actual = factor × expected */
  readonly factor: number;
  /** What the factor is, where it is one of those that have a name. */
  readonly named: FactorName | undefined;
}

/** The last two axes are swapped. */
export interface TransposedComparison extends Compared {
  readonly verdict: 'transposed';
  /** Off by this factor besides: transposed actual = factor × expected. */
  readonly factor: number;
}

/** The axes are in another order. */
export interface PermutedComparison extends Compared {
  readonly verdict: 'permuted';
  /** The mend: `actual.permute(order)` = factor × expected */
  readonly order: readonly number[];
  readonly factor: number;
}

/** The shapes differ, and no order of the axes mends it. */
export interface ShapesComparison extends Compared {
  readonly verdict: 'shapes';
  readonly expectedShape: Shape;
  readonly actualShape: Shape;
}

/** The numbers differ, and by none of the above. */
export interface DifferentComparison extends Compared {
  readonly verdict: 'different';
  /** The largest |actual - expected|. NaN counts as the largest, on either side. */
  readonly largestError: number;
  /** The largest error by the largest |expected|. */
  readonly relativeError: number;
  /** The position of the largest error, one index an axis. */
  readonly where: readonly number[];
  /** What was expected there. */
  readonly expected: number;
  /** What there is. */
  readonly actual: number;
  /** The share of the elements that are off by more than rounding, above 0 up to 1. */
  readonly share: number;
}

/** What `compare` finds. */
export type Comparison =
  | EqualComparison
  | RoundingComparison
  | FactorComparison
  | TransposedComparison
  | PermutedComparison
  | ShapesComparison
  | DifferentComparison;

/** The verdicts of `compare`. */
export type Verdict = Comparison['verdict'];

export interface CompareOptions {
  /** The number of points, for the factors n, 1/n, …; the length of the first axis unless given. */
  readonly n?: number;
  /** The largest error taken for rounding, in units in the last place; 256 unless given. */
  readonly bound?: number;
  /**
   * The size of the terms that an element was added up from: where they cancel, what is left of them is smaller than they
   * are, but has the rounding of theirs. A unit in the last place is one of the element or of the scale, whichever is
   * larger. The largest expected element unless given; 0 judges each element by itself.
   */
  readonly scale?: number;
}

/** How elements are judged. */
interface Precision {
  /** The distance from 1 to the next number. */
  readonly epsilon: number;
  /** The smallest number above 0. */
  readonly tiny: number;
  readonly bound: number;
  readonly scale: number;
}

const precisionOf = {
  float64: { epsilon: 2 ** -52, tiny: 2 ** -1074 },
  float32: { epsilon: 2 ** -23, tiny: 2 ** -149 },
};

const ratios: readonly (readonly [Ratio, (n: number) => number])[] = [
  ['n', (n) => n],
  ['1/n', (n) => 1 / n],
  ['2', () => 2],
  ['1/2', () => 1 / 2],
  ['2/n', (n) => 2 / n],
  ['n/2', (n) => n / 2],
];

/** The factors that have a name, with their values for n points. */
export function namedFactors(n: number): Map<FactorName, number> {
  const named = new Map<FactorName, number>([['-1', -1]]);
  for (const [name, valueFor] of ratios) {
    const value = valueFor(n);
    if (value !== 1) named.set(name, value).set(`-${name}`, -value);
  }
  return named;
}

function unitInLastPlace(magnitude: number, { epsilon, tiny, scale }: Precision): number {
  return Math.max(tiny, epsilon * 2 ** Math.floor(Math.log2(Math.max(magnitude, scale))));
}

interface Errors {
  /** The largest, in units in the last place; Infinity where a number is not finite on one side alone, or NaN. */
  readonly ulps: number;
  /** How many elements are off by more than the bound. */
  readonly outside: number;
}

/** The errors of `actual` as `factor` times `expected`. */
function errorsOf(expected: Data, actual: Data, precision: Precision, factor = 1): Errors {
  const scaled = { ...precision, scale: precision.scale * Math.abs(factor) };
  let ulps = 0;
  let outside = 0;
  for (let i = 0; i < expected.length; i++) {
    const wanted = expected[i]! * factor;
    if (wanted === actual[i]) continue;
    const error = Math.abs(actual[i]! - wanted) / unitInLastPlace(Math.abs(wanted), scaled);
    const counted = Number.isFinite(error) ? error : Infinity;
    if (counted > ulps) ulps = counted;
    if (counted > precision.bound) outside++;
  }
  return { ulps, outside };
}

/** The largest |x| of those that are finite; 0 of none. */
export function largestOf(x: Data): number {
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(x[i]!);
    if (size > largest && size < Infinity) largest = size;
  }
  return largest;
}

interface Factor {
  readonly factor: number;
  readonly named: FactorName | undefined;
}

/** The one factor by which `actual` is off, 1 included, if there is one. */
function factorBetween(expected: Data, actual: Data, precision: Precision, n: number): Factor | undefined {
  const fits = (factor: number): boolean => errorsOf(expected, actual, precision, factor).outside === 0;
  if (fits(1)) return { factor: 1, named: undefined };
  for (const [named, factor] of namedFactors(n)) if (fits(factor)) return { factor, named };

  // By least squares, and once more on what is left, so that the rounding of long sums is not taken for the factor's. One
  // element alone is a multiple of any other.
  const largest = largestOf(expected);
  let [factor, count] = [0, 0];
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
  return count > 1 && factor !== 0 && Number.isFinite(factor) && fits(factor)
    ? { factor, named: undefined }
    : undefined;
}

/** Every order of `rank` axes but the one that they are in, those that swap the last two first. */
function* ordersOf(rank: number): Generator<number[]> {
  const identity = Array.from({ length: rank }, (_, i) => i);
  const swapped = swapLast(identity);
  yield swapped;
  for (const order of permutations(identity)) {
    if (!sameShape(order, identity) && !sameShape(order, swapped)) yield order;
  }
}

const swapLast = (axes: readonly number[]): number[] => [...axes.slice(0, -2), ...axes.slice(-2).reverse()];

function* permutations(list: readonly number[]): Generator<number[]> {
  if (list.length === 0) yield [];
  for (const [i, first] of list.entries())
    for (const rest of permutations(list.toSpliced(i, 1))) yield [first, ...rest];
}

/** The order of axes, and the factor, by which `actual` can be mended. */
function mendingOrder(
  expected: Tensor,
  actual: Tensor,
  precision: Precision,
  n: number,
): (Factor & { readonly order: readonly number[] }) | undefined {
  if (expected.rank !== actual.rank || expected.rank < 2) return undefined;
  for (const order of ordersOf(expected.rank)) {
    if (!order.every((axis, i) => actual.shape[axis] === expected.shape[i])) continue;
    const found = factorBetween(expected.data, actual.detach().permute(order).data, precision, n);
    if (found !== undefined) return { ...found, order };
  }
  return undefined;
}

/** The index of each axis of the element at a place in row-major order. */
function positionOf(place: number, shape: Shape): number[] {
  const position: number[] = [];
  for (let axis = shape.length - 1, rest = place; axis >= 0; axis--) {
    position.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  return position;
}

/** Where two tensors of one shape differ most, and by how much. */
function differenceOf(expected: Data, actual: Data, shape: Shape, outside: number) {
  let place = 0;
  let largestError = 0;
  for (let i = 0; i < expected.length && !Number.isNaN(largestError); i++) {
    const error = expected[i] === actual[i] ? 0 : Math.abs(actual[i]! - expected[i]!);
    if (error <= largestError) continue;
    largestError = error;
    place = i;
  }
  return {
    largestError,
    relativeError: largestError / largestOf(expected),
    where: positionOf(place, shape),
    expected: expected[place]!,
    actual: actual[place]!,
    share: outside / expected.length,
  };
}

/** A number as sentences print it. */
export const formatNumber = (value: number): string => String(Number(value.toPrecision(4)));

const formatFactor = ({ factor, named }: Factor): string => {
  const value = formatNumber(factor);
  if (named !== undefined) return named === value ? value : `${named} = ${value}`;
  if (Math.abs(factor) !== 1 && Math.abs(Number(value)) === 1) {
    const excess = factor - Number(value);
    return `${value} ${excess < 0 ? '-' : '+'} ${formatNumber(Math.abs(excess))}`;
  }
  return value;
};

const besides = (found: Factor): string => (found.factor === 1 ? '' : `, and off by the factor ${formatFactor(found)}`);

function checkOptions({ n, bound, scale }: CompareOptions): void {
  for (const [name, value] of Object.entries({ n, bound, scale })) {
    if (value === undefined || (value >= 0 && value < Infinity)) continue;
    throw new ArgumentError(`compare: ${name} is ${value}, expected a finite number >= 0`);
  }
}

/**
 * Holds a tensor against the one that it should equal. The verdict says whether they are equal, exactly or to rounding,
 * or else what is wrong: a constant factor, a transposition, another order of axes, the shape, or the numbers.
 *
 * Float32 on either side makes the units in the last place those of float32.
 *
 * @example
 * const expected = tensor([[1, 2], [3, 4], [5, 6]]);
 * compare('dW1', expected, expected.mul(3)).message; // 'dW1 is off by the factor n = 3'
 */
export function compare(name: string, expected: Tensor, actual: Tensor, options: CompareOptions = {}): Comparison {
  for (const x of [expected, actual]) checkTensor('compare', x);
  checkOptions(options);
  const { n = expected.shape[0] ?? 1, bound = 256 } = options;
  const [e, a] = [expected.data, actual.data];
  const kind = [expected.dtype, actual.dtype].includes('float32') ? 'float32' : 'float64';
  const scale = options.scale ?? largestOf(e);
  const precision: Precision = { ...precisionOf[kind], bound, scale };

  const isSame = sameShape(expected.shape, actual.shape);
  const errors = isSame ? errorsOf(e, a, precision) : undefined;
  if (errors?.ulps === 0) return { verdict: 'equal', name, passed: true, message: `${name} is equal exactly` };
  if (errors?.outside === 0) {
    const { ulps } = errors;
    const message = `${name} is equal to rounding: off by ${formatNumber(ulps)} units in the last place at most, of ${bound} allowed`;
    return { verdict: 'rounding', name, passed: true, ulps, bound, message };
  }
  const failed = { name, passed: false } as const;
  const found = isSame ? factorBetween(e, a, precision, n) : undefined;
  if (found !== undefined) {
    return { ...failed, verdict: 'factor', ...found, message: `${name} is off by the factor ${formatFactor(found)}` };
  }
  const mend = mendingOrder(expected, actual, precision, n);
  if (mend !== undefined) {
    const { order, factor } = mend;
    if (sameShape(order, swapLast(expected.shape.map((_, i) => i)))) {
      return { ...failed, verdict: 'transposed', factor, message: `${name} is transposed${besides(mend)}` };
    }
    const message = `${name} has its axes in another order, which permute([${order.join(', ')}]) mends${besides(mend)}`;
    return { ...failed, verdict: 'permuted', order, factor, message };
  }
  if (errors === undefined) {
    const [expectedShape, actualShape] = [expected.shape, actual.shape];
    const message = `${name} has shape ${formatShape(actualShape)}, expected ${formatShape(expectedShape)}`;
    return { ...failed, verdict: 'shapes', expectedShape, actualShape, message };
  }
  const difference = differenceOf(e, a, expected.shape, errors.outside);
  return { ...failed, verdict: 'different', ...difference, message: differenceMessage(name, difference) };
}

function differenceMessage(name: string, difference: ReturnType<typeof differenceOf>): string {
  const { largestError, relativeError, where, expected, actual, share } = difference;
  const place = where.length === 0 ? '' : ` at [${where.join(', ')}]`;
  const numbers = `got ${formatNumber(actual)}, expected ${formatNumber(expected)}${place}`;
  const errors = `the largest error is ${formatNumber(largestError)}, ${formatNumber(relativeError)} of the largest element`;
  return `${name} differs in ${formatNumber(100 * share)} % of its elements: ${errors}; ${numbers}`;
}
