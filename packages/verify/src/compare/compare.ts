/** Compares two tensors. The verdict says what is wrong with the second one. */

import type { Tensor } from '@tapegrad/core';
import { checkTensor } from '@tapegrad/core/extend';
import { ArgumentError, formatShape, type Shape, sameShape } from '@tapegrad/kernels';
import { errorsOfDifferences } from '../differences/central-differences.ts';
import {
  errorsOf,
  formatApart,
  formatNumber,
  largestOf,
  type Precision,
  precisionOf,
} from '../differences/precision.ts';
import type { Comparison, Explanation } from './comparison.ts';
import { factorsBySlice, nothingButZeros, offsets, type Pair, wrongSigns, wrongSlices } from './explanations.ts';
import { factorBetween, formatFactor } from './factors.ts';
import { explainByKnown, type KnownQuantities } from './known.ts';
import { besides, explainReversal, isTransposition, type Mend, mendOf, movedElements } from './rearrangements.ts';
import { explainShapes } from './shape-explanations.ts';

/** The options of `compare`. */
export interface CompareOptions extends KnownQuantities {
  /**
   * The number of points, for naming factors such as n and 1/n. If it is absent, factors are named only by axis
   * lengths.
   */
  readonly n?: number | undefined;
  /** The largest error that counts as rounding, in units in the last place. Defaults to 256. */
  readonly bound?: number | undefined;
  /**
   * The largest error that is accepted in addition to rounding, relative to the element or the scale, whichever is
   * larger. Defaults to 0. For a result of `centralDifferences`, the error computed for each element is accepted, too.
   */
  readonly tolerance?: number | undefined;
  /**
   * The size of the terms whose sum is an element. If terms cancel, their sum is small but keeps their rounding error.
   * A unit in the last place is measured at the element or the scale, whichever is larger. Defaults to the largest
   * expected element; 0 judges each element by itself.
   */
  readonly scale?: number | undefined;
}

const optionNames = ['n', 'bound', 'tolerance', 'scale', 'known', 'mistakes'];

function checkOptions(options: CompareOptions): void {
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name));
  if (unknown !== undefined) {
    throw new ArgumentError(`compare: unknown option '${unknown}', expected one of ${optionNames.join(', ')}`);
  }
  const { n, ...others } = options;
  if (n !== undefined && !(n > 0 && n < Infinity)) {
    throw new ArgumentError(`compare: n is ${n}, expected a number of points above 0`);
  }
  for (const name of ['bound', 'tolerance', 'scale'] as const) {
    const value = others[name];
    if (value === undefined || (value >= 0 && value < Infinity)) continue;
    throw new ArgumentError(`compare: ${name} is ${value}, expected a finite number >= 0`);
  }
}

/**
 * Returns the allowed error of each expected element, if either tensor is a result of finite differences. It is
 * Infinity where differences are inconclusive.
 */
function knownErrors(expected: Tensor, actual: Tensor): Float64Array | undefined {
  const [wanted, found] = [errorsOfDifferences(expected), errorsOfDifferences(actual)];
  if (wanted === undefined || found === undefined)
    return wanted ?? (sameShape(expected.shape, actual.shape) ? found : undefined);
  return sameShape(expected.shape, actual.shape) ? wanted.map((error, i) => error + found[i]!) : wanted;
}

/** Returns the multi-dimensional index of the element at a row-major offset. */
function positionOf(place: number, shape: Shape): number[] {
  const position: number[] = [];
  for (let axis = shape.length - 1, rest = place; axis >= 0; axis--) {
    position.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  return position;
}

/** Finds where two tensors of the same shape differ most, and by how much. */
function differenceOf({ expected, actual, shape, precision }: Pair, outside: number) {
  let place = 0;
  let largestError = 0;
  for (let i = 0; i < expected.length && !Number.isNaN(largestError); i++) {
    if (precision.errors?.[i] === Infinity) continue;
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

type Difference = ReturnType<typeof differenceOf>;

/** Describes the two values where the error is largest, as a phrase. */
function formatPlace({ where, expected, actual }: Difference): string {
  const place = where.length === 0 ? '' : ` at [${where.join(', ')}]`;
  const [wanted, found] = formatApart(expected, actual);
  return `got ${found}, expected ${wanted}${place}`;
}

function formatDifference(name: string, difference: Difference, explanation: Explanation | undefined): string {
  if (explanation !== undefined) return `${name} ${explanation.message}; ${formatPlace(difference)}`;
  const { largestError, relativeError, share } = difference;
  const errors = `the largest error is ${formatNumber(largestError)}, ${formatNumber(relativeError)} of the largest element`;
  return `${name} differs in ${formatNumber(100 * share)} % of its elements: ${errors}; ${formatPlace(difference)}`;
}

/** Explains why two tensors of the same shape differ, trying the most informative explanations first. */
const explain = (pair: Pair, mend: Mend | undefined, options: CompareOptions): Explanation | undefined =>
  nothingButZeros(pair) ??
  explainByKnown(pair, options, options.n) ??
  (mend && explainReversal(mend)) ??
  wrongSigns(pair) ??
  movedElements(pair) ??
  wrongSlices(pair) ??
  offsets(pair) ??
  factorsBySlice(pair);

/**
 * Compares a tensor with its expected value. The verdict says whether they are equal exactly, to rounding or within a
 * tolerance. Otherwise it names the fault: a constant factor, a transposition, another order of axes, the shape, or the
 * values.
 *
 * If the values differ, `explanation` gives a simple reason, if one is found:
 * - a factor or term listed in `known` is missing, extra, or used in place of another;
 * - signs are wrong;
 * - the elements are reversed, rolled, shifted or reordered;
 * - only some rows or columns are wrong;
 * - each row or column has its own factor or offset.
 *
 * If either side is float32, units in the last place are those of float32. For a result of `centralDifferences`, its
 * estimated errors are allowed, and elements that it couldn't determine are not judged.
 *
 * @example
 * const expected = tensor([[1, 2], [3, 4], [5, 6]]);
 * compare('dW1', expected, expected.mul(8), { n: 8 }).message; // 'dW1 is off by the factor n = 8'
 * compare('dW1', expected, expected.mul(3)).message; // 'dW1 is off by the factor 3, the length of axis 0'
 */
export function compare(name: string, expected: Tensor, actual: Tensor, options: CompareOptions = {}): Comparison {
  for (const x of [expected, actual]) checkTensor('compare', x);
  checkOptions(options);
  const { n, bound = 256, tolerance = 0 } = options;
  const [e, a] = [expected.data, actual.data];
  const kind = [expected.dtype, actual.dtype].includes('float32') ? 'float32' : 'float64';
  const scale = options.scale ?? largestOf(e);
  const errors = knownErrors(expected, actual);
  const precision: Precision = { ...precisionOf[kind], bound, scale, tolerance, errors };
  const pair: Pair = { expected: e, actual: a, shape: expected.shape, precision };

  const isSame = sameShape(expected.shape, actual.shape);
  if (isSame && errors?.length !== 0 && errors?.every((error) => error === Infinity)) {
    return {
      ...{ name, passed: false, verdict: 'different', explanation: undefined },
      ...differenceOf(pair, 0),
      message: `${name} could not be compared: central differences determine no element`,
    };
  }
  const found = isSame ? errorsOf(e, a, precision) : undefined;
  if (found?.outside === 0) return passed(name, pair, found);

  const failed = { name, passed: false } as const;
  const factor = isSame ? factorBetween(e, a, precision, n, expected.shape) : undefined;
  if (factor !== undefined) {
    return { ...failed, verdict: 'factor', ...factor, message: `${name} is off by the factor ${formatFactor(factor)}` };
  }
  const mend = mendOf(expected, actual, precision, n);
  if (mend !== undefined && mend.reversed.length === 0) return rearranged(name, mend);
  if (found === undefined) {
    const [expectedShape, actualShape] = [expected.shape, actual.shape];
    const explanation = explainShapes(expected, actual, precision, n, mend);
    const because = explanation === undefined ? '' : `: it ${explanation.message}`;
    const message = `${name} has shape ${formatShape(actualShape)}, expected ${formatShape(expectedShape)}${because}`;
    return { ...failed, verdict: 'shapes', expectedShape, actualShape, explanation, message };
  }
  const difference = differenceOf(pair, found.outside);
  const explanation = explain(pair, mend, options);
  const message = formatDifference(name, difference, explanation);
  return { ...failed, verdict: 'different', ...difference, explanation, message };
}

function passed(
  name: string,
  { expected, actual, precision }: Pair,
  { ulps, share }: ReturnType<typeof errorsOf>,
): Comparison {
  if (ulps === 0) return { verdict: 'equal', name, passed: true, message: `${name} is equal exactly` };
  const { bound, errors, tolerance } = precision;
  if (ulps <= bound) {
    const off = `off by at most ${formatNumber(ulps)} units in the last place, of ${bound} allowed`;
    return { verdict: 'rounding', name, passed: true, ulps, bound, message: `${name} is equal to rounding: ${off}` };
  }
  let largestError = 0;
  for (let i = 0; i < expected.length; i++) {
    if (errors?.[i] !== Infinity) largestError = Math.max(largestError, Math.abs(actual[i]! - expected[i]!));
  }
  const relativeError = largestError / largestOf(expected);
  const limit =
    errors === undefined ? `a tolerance of ${formatNumber(tolerance)}` : 'the precision of central differences';
  const off = `off by at most ${formatNumber(relativeError)} of the largest element`;
  return {
    verdict: 'tolerance',
    name,
    passed: true,
    relativeError,
    share,
    message: `${name} is equal to within ${limit}: ${off}`,
  };
}

function rearranged(name: string, { order, factor: found }: Mend): Comparison {
  const { factor } = found;
  if (isTransposition(order)) {
    const message = `${name} is transposed${besides(found)}`;
    return { name, passed: false, verdict: 'transposed', factor, message };
  }
  const message = `${name} has its axes in another order; permute([${order.join(', ')}]) corrects it${besides(found)}`;
  return { name, passed: false, verdict: 'permuted', order, factor, message };
}
