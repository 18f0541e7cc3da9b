/** Splits of the indices of a dataset into disjoint parts. */

import { ArgumentError, type Random } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';

/** The options of `split`. */
export interface SplitOptions {
  /** The generator that shuffles the examples before the split. Without it, the examples stay in order. */
  readonly random?: Random;
  /**
   * The class of each example, for a stratified split: every part gets the same share of each class, as nearly as
   * possible.
   */
  readonly by?: ArrayLike<unknown>;
}

/** The options of `kFold`. */
export type FoldOptions = SplitOptions;

/** The part of the data to train a model with, and the part to validate it with. */
export interface Fold<Part> {
  readonly train: Part;
  readonly validation: Part;
}

/** Returns the integers from 0 to n - 1, in order or shuffled. */
const ordered = (n: number, random: Random | undefined): ArrayLike<number> =>
  random === undefined ? Int32Array.from({ length: n }, (_, i) => i) : random.permutation(n).data;

/**
 * Returns the indices in the order in which they are distributed over the parts. With classes, the indices of a class
 * are next to each other, so that distributing them evenly gives each part its share of every class.
 */
function dealt(call: string, length: number, { random, by }: SplitOptions): number[] {
  const order = Array.from(ordered(length, random));
  if (by === undefined) return order;
  if (by.length !== length) {
    throw new ArgumentError(`${call}: expected the class of each of ${length} examples in 'by', got ${by.length}`);
  }
  const classes = new Map<unknown, number[]>();
  for (const i of order) {
    const members = classes.get(by[i]);
    if (members === undefined) classes.set(by[i], [i]);
    else members.push(i);
  }
  return [...classes.values()].flat();
}

/** The allowed difference between the sum of fractions and 1, since fractions such as 0.1 are not exact. */
const ROUNDING = 1e-9;

/** Returns the sizes of parts. */
function sizesOf(length: number, parts: readonly number[]): number[] {
  if (!Array.isArray(parts) || parts.length === 0 || !parts.every((part) => part > 0)) {
    throw new ArgumentError(`split: expected a list of shares or sizes above 0, got ${describeParts(parts)}`);
  }
  const sum = parts.reduce((total, part) => total + part, 0);
  if (parts.every((part) => part < 1) || (parts.length === 1 && parts[0] === 1 && length !== 1)) {
    if (Math.abs(sum - 1) > ROUNDING) {
      throw new ArgumentError(`split: expected shares that sum to 1, got ${describeParts(parts)}, which sum to ${sum}`);
    }
    let [start, share] = [0, 0];
    const sizes = parts.map((part) => {
      share += part;
      const end = Math.round(share * length);
      const size = end - start;
      start = end;
      return size;
    });
    const empty = sizes.indexOf(0);
    if (empty === -1) return sizes;
    throw new ArgumentError(
      `split: share ${parts[empty]} of ${length} examples rounds to none; expected larger shares`,
    );
  }
  if (sum !== length || !parts.every(Number.isInteger)) {
    throw new ArgumentError(
      `split: expected shares below 1 that sum to 1, or sizes that sum to ${length}, got ${describeParts(parts)}`,
    );
  }
  return [...parts];
}

const describeParts = (parts: unknown): string =>
  Array.isArray(parts) ? `[${parts.map((part) => describeValue(part)).join(', ')}]` : describeValue(parts);

/** Returns the indices of each part. */
export function splitsOf(length: number, parts: readonly number[], options: SplitOptions): number[][] {
  const sizes = sizesOf(length, parts);
  const order = dealt('split', length, options);
  const result = sizes.map((): number[] => []);
  if (options.by === undefined) {
    let start = 0;
    sizes.forEach((size, p) => {
      result[p] = order.slice(start, start + size);
      start += size;
    });
    return result;
  }
  // Each example goes to the part that is furthest below its share; within each class this gives even shares.
  order.forEach((index, taken) => {
    let most = -1;
    let next = 0;
    sizes.forEach((size, p) => {
      const lag = (size * (taken + 1)) / length - result[p]!.length;
      if (result[p]!.length < size && lag > most) [most, next] = [lag, p];
    });
    result[next]!.push(index);
  });
  return result;
}

/** Returns the indices of each fold. */
export function foldsOf(length: number, k: number, options: FoldOptions): Fold<number[]>[] {
  if (!Number.isInteger(k) || k < 2 || k > length) {
    throw new ArgumentError(`kFold: expected from 2 to ${length} folds of ${length} examples, got ${describeValue(k)}`);
  }
  const order = dealt('kFold', length, options);
  const isIn = (fold: number, place: number): boolean =>
    options.by === undefined ? Math.floor((place * k) / length) === fold : place % k === fold;
  return Array.from({ length: k }, (_, fold) => ({
    train: order.filter((_, place) => !isIn(fold, place)),
    validation: order.filter((_, place) => isIn(fold, place)),
  }));
}
