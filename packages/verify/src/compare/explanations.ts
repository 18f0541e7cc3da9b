/** Explains why two tensors of the same shape differ by examining the elements. */

import { type Data, type Shape, sizeOf } from '@tapegrad/kernels';
import { fits, fitsAt, formatNumber, type Precision } from '../differences/precision.ts';
import type { Explanation } from './comparison.ts';

/** Two tensors of the same shape that differ. */
export interface Pair {
  readonly expected: Data;
  readonly actual: Data;
  readonly shape: Shape;
  readonly precision: Precision;
}

/**
 * Returns the word for an index of an axis, such as row or column. Returns undefined for tensors with more than two
 * axes.
 */
const nounOf = (axis: number, rank: number): string | undefined => {
  if (rank > 2) return undefined;
  return rank === 2 && axis === 1 ? 'column' : rank === 2 ? 'row' : 'element';
};

/** Formats indices of an axis as a phrase: `columns 6 and 7`, `indices 0 to 3 of axis 2`. */
function formatIndices(indices: readonly number[], axis: number, rank: number): string {
  const [first, last] = [indices[0]!, indices.at(-1)!];
  const isRun = indices.length > 2 && last - first === indices.length - 1;
  const shown = indices.length > 6 ? [...indices.slice(0, 5).map(String), `${indices.length - 5} others`] : indices;
  const text = isRun ? `${first} to ${last}` : joined(shown.map(String));
  const noun = nounOf(axis, rank);
  const several = indices.length > 1;
  if (noun !== undefined) return `${noun}${several ? 's' : ''} ${text}`;
  return `${several ? 'indices' : 'index'} ${text} of axis ${axis}`;
}

const joined = (list: readonly string[]): string =>
  list.length < 2 ? list.join('') : `${list.slice(0, -1).join(', ')} and ${list.at(-1)}`;

/** Formats "each index" of an axis as a phrase: `each column`, `each index of axis 2`. */
const formatEach = (axis: number, rank: number): string =>
  nounOf(axis, rank) === undefined ? `each index of axis ${axis}` : `each ${nounOf(axis, rank)}`;

/** Formats the first four numbers of a list. */
const formatList = (numbers: readonly number[]): string => {
  const shown = numbers.slice(0, 4).map(formatNumber).join(', ');
  return numbers.length > 4 ? `${shown}, …` : shown;
};

/** Returns a function that maps the row-major index of an element to its index along an axis. */
export function sliceIndices(shape: Shape, axis: number): (place: number) => number {
  const [length, inner] = [shape[axis]!, sizeOf(shape.slice(axis + 1))];
  return (place) => Math.floor(place / inner) % length;
}

/** Returns the elements of a tensor at each index of an axis, in order. */
function slicesAlong(x: Data, shape: Shape, axis: number): number[][] {
  const slices = Array.from({ length: shape[axis]! }, (): number[] => []);
  const indexOf = sliceIndices(shape, axis);
  for (let place = 0; place < x.length; place++) slices[indexOf(place)]!.push(x[place]!);
  return slices;
}

/** Detects a tensor that is all zeros but shouldn't be. */
export function nothingButZeros({ expected, actual }: Pair): Explanation | undefined {
  if (expected.every((element) => element === 0) || !actual.every((element) => element === 0)) return undefined;
  return { kind: 'zero', message: 'is 0 everywhere' };
}

/** Detects elements that are right except for their signs. */
export function wrongSigns({ expected, actual, precision }: Pair): Explanation | undefined {
  let count = 0;
  const signed = Float64Array.from(actual, (a, i) => {
    const isOther = a * expected[i]! < 0;
    if (isOther) count++;
    return isOther ? -a : a;
  });
  if (count === 0 || !fits(expected, signed, precision)) return undefined;
  const signs = count === 1 ? 'one element' : `${count} of its ${actual.length} elements`;
  return { kind: 'signs', count, message: `has the wrong sign in ${signs}` };
}

/**
 * Detects tensors that are right except at some indices of an axis. Picks the axis along which the smallest fraction of
 * indices is wrong.
 */
export function wrongSlices({ expected, actual, shape, precision }: Pair): Explanation | undefined {
  const isWrong = Array.from(expected, (_, place) => !fitsAt(expected, actual, place, precision));
  const wrong = isWrong.filter((flag) => flag).length;
  if (wrong < 2) return undefined;
  const found = shape.flatMap((length, axis) => {
    const indexOf = sliceIndices(shape, axis);
    const indices = new Set<number>();
    isWrong.forEach((flag, place) => {
      if (flag) indices.add(indexOf(place));
    });
    const share = indices.size / length;
    // If most elements at the wrong indices are right, the indices don't explain the error.
    const isWhole = wrong > (share * expected.length) / 2;
    return share <= 1 / 2 && isWhole ? [{ axis, share, indices: [...indices].sort((a, b) => a - b) }] : [];
  });
  const [best] = found.sort((a, b) => a.share - b.share);
  if (best === undefined) return undefined;
  const { axis, indices } = best;
  const indexOf = sliceIndices(shape, axis);
  const there = new Set(indices);
  const pick = (x: Data): number[] => Array.from(x).filter((_, place) => there.has(indexOf(place)));
  const factor = ratioOf(pick(expected), pick(actual), precision);
  const what = factor === 0 ? '0' : `off by the factor ${formatNumber(factor ?? Number.NaN)}`;
  const off = factor === undefined ? '' : `, which ${indices.length > 1 ? 'are' : 'is'} ${what}`;
  const message = `is right except in ${formatIndices(indices, axis, shape.length)}${off}`;
  return { kind: 'slices', axis, indices, factor, message };
}

/**
 * Returns the factor between two lists of elements, or NaN if all elements are 0. Returns undefined if there is no
 * common factor, or if only one nonzero element determines it.
 */
function ratioOf(expected: readonly number[], actual: readonly number[], precision: Precision): number | undefined {
  let [product, square, count] = [0, 0, 0];
  for (const [i, e] of expected.entries()) {
    product += e * actual[i]!;
    square += e * e;
    if (e !== 0) count++;
  }
  if (count === 0) return actual.every((a) => a === 0) ? Number.NaN : undefined;
  const factor = product / square;
  const isFactor = count > 1 && Number.isFinite(factor);
  return isFactor && fits(Float64Array.from(expected), Float64Array.from(actual), exactly(precision), factor)
    ? factor
    : undefined;
}

/** Returns a precision without the errors of each element, since their indices don't match those of a slice. */
const exactly = (precision: Precision): Precision => ({ ...precision, errors: undefined });

/** Detects whether the elements at each index of an axis are off by a separate factor. */
export function factorsBySlice({ expected, actual, shape, precision }: Pair): Explanation | undefined {
  for (const [axis, length] of shape.entries()) {
    if (length < 2 || expected.length === length) continue;
    const others = slicesAlong(actual, shape, axis);
    const factors = slicesAlong(expected, shape, axis).map((slice, i) => ratioOf(slice, others[i]!, precision));
    if (factors.includes(undefined) || factors.filter((factor) => !Number.isNaN(factor)).length < 2) continue;
    const known = factors as number[];
    const message = `is off by a factor for ${formatEach(axis, shape.length)}: ${formatList(known)}`;
    return { kind: 'factors', axis, factors: known, message };
  }
  return undefined;
}

/** Returns the offset between two lists of elements; undefined if it varies, or if there is only one element. */
function differenceOf(expected: readonly number[], actual: readonly number[], precision: Precision) {
  if (expected.length < 2) return undefined;
  const offset = actual.reduce((sum, a, i) => sum + (a - expected[i]!), 0) / actual.length;
  const shifted = Float64Array.from(expected, (e) => e + offset);
  const size = Math.max(precision.scale, Math.abs(offset));
  return fits(shifted, Float64Array.from(actual), { ...exactly(precision), scale: size }) ? offset : undefined;
}

/** Detects an offset that is common to all elements, or a separate offset for each index of an axis. */
export function offsets({ expected, actual, shape, precision }: Pair): Explanation | undefined {
  // One or two elements are too few to distinguish a common offset from other errors.
  if (expected.length > 2) {
    const offset = differenceOf(Array.from(expected), Array.from(actual), precision);
    if (offset !== undefined) {
      const message = `is off by ${formatNumber(offset)} everywhere`;
      return { kind: 'offset', axis: undefined, offsets: [offset], message };
    }
  }
  for (const [axis, length] of shape.entries()) {
    if (length < 2 || expected.length === length) continue;
    const others = slicesAlong(actual, shape, axis);
    const found = slicesAlong(expected, shape, axis).map((slice, i) => differenceOf(slice, others[i]!, precision));
    if (found.includes(undefined)) continue;
    const known = found as number[];
    const message = `is off by the same number in ${formatEach(axis, shape.length)}: ${formatList(known)}`;
    return { kind: 'offset', axis, offsets: known, message };
  }
  return undefined;
}
