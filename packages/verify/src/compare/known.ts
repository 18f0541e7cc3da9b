/** Explains why two tensors differ: a known factor or term is missing or extra, or a known mistake was made. */

import type { Tensor } from '@tapegrad/core';
import { type Data, type Shape, sameShape, sizeOf } from '@tapegrad/kernels';
import { fits, formatNumber, largestOf, type Precision } from '../differences/precision.ts';
import type { Explanation } from './comparison.ts';
import { type Pair, sliceIndices } from './explanations.ts';
import { describeFactor, formatFactor, leastSquares, namedFactors } from './factors.ts';

/**
 * Quantities that an explanation may mention, by name. A quantity that is expensive to compute can be given as a
 * function, which is called when needed.
 */
export type Known = Readonly<Record<string, Tensor | (() => Tensor | undefined)>>;

/** The quantities and mistakes that the explanations of `compare` may mention. */
export interface KnownQuantities {
  /** Factors and terms by name: `slope(1)`, `gamma`, `W[1]`. */
  readonly known?: Known | undefined;
  /**
   * The results of known mistakes, by name. Each name is a clause, which completes a sentence that begins with the
   * tensor's name: `holds the variance constant`.
   */
  readonly mistakes?: Known | undefined;
}

/** A known quantity, broadcast to the shape of the compared tensors. */
interface Named {
  readonly name: string;
  readonly data: Float64Array;
}

/** Returns the elements of a tensor broadcast to a shape, or undefined if the shapes don't broadcast. */
function broadcast(x: Tensor, shape: Shape): Float64Array | undefined {
  const lead = shape.length - x.rank;
  const fitsShape = lead >= 0 && x.shape.every((length, i) => length === 1 || length === shape[lead + i]);
  if (!fitsShape) return undefined;
  return Float64Array.from((sameShape(x.shape, shape) ? x.detach() : x.detach().broadcastTo(shape)).data);
}

function namedIn(known: Known, shape: Shape): Named[] {
  return Object.entries(known).flatMap(([name, given]) => {
    const x = typeof given === 'function' ? given() : given;
    const data = x && broadcast(x, shape);
    return data === undefined || largestOf(data) === 0 ? [] : [{ name, data }];
  });
}

/** Returns the precision for judging products and sums, whose scale is the largest element of `parts`. */
const judging = (precision: Precision, ...parts: readonly Data[]): Precision => ({
  ...precision,
  errors: undefined,
  bound: 4 * precision.bound,
  scale: Math.max(...parts.map(largestOf)),
});

const times = (x: Data, y: Data): Float64Array => Float64Array.from(x, (element, i) => element * y[i]!);

/**
 * The maximum number of known quantities that are tried as replacements for one another. The number of pairs grows with
 * the square of this number.
 */
const mostReplaced = 24;

/** Looks for a known factor that is missing, extra or replaced by another, possibly with an additional constant factor. */
function knownFactor(pair: Pair, named: readonly Named[], n: number | undefined): Explanation | undefined {
  const { expected, actual, shape, precision } = pair;
  /** Returns the constant c for which x = c y, trying named factors first, and then least squares. */
  const constantOf = (x: Data, y: Data): number | undefined => {
    if (largestOf(x) === 0) return undefined;
    const judged = judging(precision, x, y);
    const constants = [1, ...namedFactors(n).values(), leastSquares(y, x)];
    return constants.find((c) => Number.isFinite(c) && c !== 0 && fits(y, x, { ...judged, scale: largestOf(y) }, c));
  };
  const explain = (
    kind: 'missing factor' | 'extra factor' | 'replaced factor',
    factor: number,
    known: string,
    by?: string,
  ): Explanation => {
    const what = {
      'missing factor': `lacks the factor ${known}`,
      'extra factor': `has the extra factor ${known}`,
      'replaced factor': `has ${by} in place of ${known}`,
    }[kind];
    const off = factor === 1 ? '' : `, and is off by the factor ${formatFactor(describeFactor(factor, n, shape))}`;
    return { kind, known, by, factor, message: what + off };
  };
  for (const { name, data } of named) {
    const missing = constantOf(times(actual, data), expected);
    if (missing !== undefined) return explain('missing factor', missing, name);
  }
  for (const { name, data } of named) {
    const extra = constantOf(actual, times(expected, data));
    if (extra !== undefined) return explain('extra factor', extra, name);
  }
  for (const known of named.slice(0, mostReplaced)) {
    const wanted = times(actual, known.data);
    for (const by of named.slice(0, mostReplaced)) {
      if (by === known) continue;
      const replaced = constantOf(wanted, times(expected, by.data));
      if (replaced !== undefined) return explain('replaced factor', replaced, known.name, by.name);
    }
  }
  return undefined;
}

/**
 * Returns whether an explanation accounts for a difference. The remainder must be only rounding error, and small
 * relative to the difference.
 */
function isExplained(difference: Data, explained: Data, precision: Precision, size: number): boolean {
  const judged = { ...precision, errors: undefined, bound: 4 * precision.bound, scale: size };
  const isSmall = difference.every((d, i) => Math.abs(d - explained[i]!) <= 1e-3 * largestOf(difference));
  return isSmall && fits(explained, difference, judged);
}

/** Fits x as a multiple of y by least squares. Returns the coefficient and the number of nonzero elements of y. */
function multipleOf(x: Data, y: Data): { readonly coefficient: number; readonly count: number } {
  let [product, square, count] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    product += x[i]! * y[i]!;
    square += y[i]! * y[i]!;
    if (y[i] !== 0) count++;
  }
  return { coefficient: product / square, count };
}

/**
 * Returns the simple or named number that a coefficient equals up to rounding. If there is none, returns the
 * coefficient itself.
 */
function simplified(
  coefficient: number,
  n: number | undefined,
): { readonly coefficient: number; readonly isSimple: boolean } {
  const simple = [1, -1, ...namedFactors(n).values()].find(
    (value) => Math.abs(coefficient - value) <= 1e-6 * Math.abs(value),
  );
  return { coefficient: simple ?? coefficient, isSimple: simple !== undefined };
}

/** Looks for a known term that is missing or extra: a constant times a known quantity. */
function knownTerm(pair: Pair, named: readonly Named[], n: number | undefined): Explanation | undefined {
  const { expected, actual, shape, precision } = pair;
  const difference = Float64Array.from(expected, (e, i) => e - actual[i]!);
  const size = Math.max(largestOf(expected), largestOf(actual));
  for (const { name, data } of named) {
    const { coefficient: found, count } = multipleOf(difference, data);
    if (!Number.isFinite(found) || found === 0) continue;
    const { coefficient, isSimple } = simplified(found, n);
    // With fewer than three elements, almost any difference is a multiple of some quantity.
    if (count < 3 && !isSimple) continue;
    if (
      !isExplained(
        difference,
        data.map((d) => d * coefficient),
        precision,
        size,
      )
    )
      continue;
    const kind = isSimple ? (coefficient > 0 ? 'missing term' : 'extra term') : 'missing term';
    const shown = kind === 'missing term' ? coefficient : -coefficient;
    const term = shown === 1 ? name : `${formatNumber(shown)} ${name}`;
    const message = kind === 'missing term' ? `lacks the term ${term}` : `has the extra term ${term}`;
    return { kind, known: name, coefficient, axis: undefined, message };
  }
  for (const { name, data } of named) {
    const axis = [...shape.keys()]
      .reverse()
      .find((candidate) => isMultipleBySlice(difference, data, shape, candidate, precision, size));
    if (axis === undefined) continue;
    const where = shape.length === 2 ? (axis === 1 ? 'column' : 'row') : `index of axis ${axis}`;
    return {
      kind: 'missing term',
      known: name,
      coefficient: undefined,
      axis,
      message: `lacks a multiple of ${name} in each ${where}`,
    };
  }
  return undefined;
}

/**
 * Returns whether a difference is a multiple of a known quantity at each index of an axis. At each index, the quantity
 * must have at least three nonzero elements, or none.
 */
function isMultipleBySlice(
  difference: Data,
  data: Data,
  shape: Shape,
  axis: number,
  precision: Precision,
  size: number,
): boolean {
  const length = shape[axis]!;
  if (length < 2 || sizeOf(shape) < 3 * length) return false;
  const indexOf = sliceIndices(shape, axis);
  const [products, squares, counts] = [0, 0, 0].map(() => new Float64Array(length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let place = 0; place < difference.length; place++) {
    const index = indexOf(place);
    products[index]! += difference[place]! * data[place]!;
    squares[index]! += data[place]! ** 2;
    if (data[place] !== 0) counts[index]!++;
  }
  if (counts.some((count) => count > 0 && count < 3)) return false;
  const explained = Float64Array.from(data, (d, place) => {
    const index = indexOf(place);
    return squares[index] === 0 ? 0 : (products[index]! / squares[index]!) * d;
  });
  return isExplained(difference, explained, precision, size);
}

/** Looks for a mistake whose result equals `actual`. */
function knownMistake({ expected, actual, shape, precision }: Pair, mistakes: Known): Explanation | undefined {
  const judged = judging(precision, expected, actual);
  for (const { name, data } of namedIn(mistakes, shape)) {
    if (fits(data, actual, judged)) return { kind: 'mistake', known: name, message: name };
  }
  return undefined;
}

/** Explains a difference by known factors, terms or mistakes, if possible. */
export function explainByKnown(
  pair: Pair,
  { known = {}, mistakes = {} }: KnownQuantities,
  n: number | undefined,
): Explanation | undefined {
  const named = namedIn(known, pair.shape);
  return knownFactor(pair, named, n) ?? knownTerm(pair, named, n) ?? knownMistake(pair, mistakes);
}
