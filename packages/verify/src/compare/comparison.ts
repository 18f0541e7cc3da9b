/** The results of `compare`, as data. */

import type { Shape } from '@tapegrad/kernels';
import type { FactorName, LengthRatio } from './factors.ts';

interface Explained {
  /**
   * The explanation as a clause, which completes a sentence that begins with the tensor's name: `lacks the factor
   * slope(1)`.
   */
  readonly message: string;
}

/** The explanation that the tensor is all zeros but shouldn't be. */
export interface ZeroExplanation extends Explained {
  readonly kind: 'zero';
}

/** The explanation that the magnitudes are right, but some signs are wrong. */
export interface SignsExplanation extends Explained {
  readonly kind: 'signs';
  /** The number of wrong signs. */
  readonly count: number;
}

/**
 * The explanation that the elements are reversed along some axes. Reversing the last two axes is a rotation by 180
 * degrees.
 */
export interface ReversedExplanation extends Explained {
  readonly kind: 'reversed';
  readonly axes: readonly number[];
  /** The axis order that corrects `actual`, as in `actual.permute(order)`, if the axes are also out of order. */
  readonly order: readonly number[] | undefined;
  readonly factor: number;
}

/**
 * The explanation that the elements are moved along an axis, either wrapping around its end (`rolled`) or not
 * (`shifted`).
 */
export interface MovedExplanation extends Explained {
  readonly kind: 'rolled' | 'shifted';
  readonly axis: number;
  /** The distance: the element that is expected at index i is at index i + `by`. */
  readonly by: number;
  readonly factor: number;
}

/** The explanation that the elements are in another order, which follows no simple rule. */
export interface ReorderedExplanation extends Explained {
  readonly kind: 'reordered';
}

/** The explanation that the elements at each index of an axis are off by a separate factor. */
export interface FactorsExplanation extends Explained {
  readonly kind: 'factors';
  readonly axis: number;
  /** The factor at each index; NaN where all elements are 0. */
  readonly factors: readonly number[];
}

/** The explanation that all elements differ by the same number, or by one number for each index of an axis. */
export interface OffsetExplanation extends Explained {
  readonly kind: 'offset';
  /** The axis whose indices have separate offsets; undefined if one offset applies to all elements. */
  readonly axis: number | undefined;
  /** The differences actual - expected: one number, or one for each index of `axis`. */
  readonly offsets: readonly number[];
}

/** The explanation that all elements are right except at some indices of an axis. */
export interface SlicesExplanation extends Explained {
  readonly kind: 'slices';
  readonly axis: number;
  readonly indices: readonly number[];
  /** The common factor of the wrong elements, if they have one. */
  readonly factor: number | undefined;
}

/** The explanation that a known factor is missing, is extra, or is replaced by another. */
export interface KnownFactorExplanation extends Explained {
  readonly kind: 'missing factor' | 'extra factor' | 'replaced factor';
  /** The name of the missing, extra or replaced factor. */
  readonly known: string;
  /** The name of the factor used instead, if the factor was replaced. */
  readonly by: string | undefined;
  /** An additional constant factor; 1 if there is none. */
  readonly factor: number;
}

/** The explanation that a known term is missing or extra. */
export interface KnownTermExplanation extends Explained {
  readonly kind: 'missing term' | 'extra term';
  readonly known: string;
  /** The coefficient of the term; undefined if it differs between the indices of `axis`. */
  readonly coefficient: number | undefined;
  readonly axis: number | undefined;
}

/** The explanation that the tensor equals the result of a known mistake. */
export interface MistakeExplanation extends Explained {
  readonly kind: 'mistake';
  /** The name of the mistake, as given in `mistakes`. */
  readonly known: string;
}

/** The explanation that only the shapes differ; the elements and their order are the same. */
export interface ReshapedExplanation extends Explained {
  readonly kind: 'reshaped';
  readonly factor: number;
}

/**
 * The explanation that the shapes differ because of some axes: `actual` was not summed along them, or was wrongly
 * summed along them.
 */
export interface SummedExplanation extends Explained {
  readonly kind: 'not summed' | 'summed';
  /** The axes, numbered as in the tensor that has not been summed. */
  readonly axes: readonly number[];
  readonly factor: number;
}

/** A reason why two tensors differ. */
export type Explanation =
  | ZeroExplanation
  | SignsExplanation
  | ReversedExplanation
  | MovedExplanation
  | ReorderedExplanation
  | FactorsExplanation
  | OffsetExplanation
  | SlicesExplanation
  | KnownFactorExplanation
  | KnownTermExplanation
  | MistakeExplanation
  | ReshapedExplanation
  | SummedExplanation;

interface Compared {
  /** The name of the tensor that was compared. */
  readonly name: string;
  /** Whether the tensor equals the expected one within the allowed error. */
  readonly passed: boolean;
  /** The verdict as a sentence. */
  readonly message: string;
}

/** The verdict that every element is exactly equal. */
export interface EqualComparison extends Compared {
  readonly verdict: 'equal';
}

/** The verdict that every element is equal up to rounding. */
export interface RoundingComparison extends Compared {
  readonly verdict: 'rounding';
  /** The largest error, in units in the last place. */
  readonly ulps: number;
  /** The largest error that would be attributed to rounding. */
  readonly bound: number;
}

/** The verdict that every element is equal within a tolerance, or within the error bounds of central differences. */
export interface ToleranceComparison extends Compared {
  readonly verdict: 'tolerance';
  /** The largest |actual - expected| divided by the largest |expected|. */
  readonly relativeError: number;
  /** The largest ratio of an error to its limit, at most 1. */
  readonly share: number;
}

/** The verdict that every element is off by the same factor. */
export interface FactorComparison extends Compared {
  readonly verdict: 'factor';
  /** The factor, for which actual = factor × expected. */
  readonly factor: number;
  /** The name of the factor, if it has one. */
  readonly named: FactorName | undefined;
  /** The relation of the factor to the length of an axis; undefined if `n` explains the factor. */
  readonly length: LengthRatio | undefined;
}

/** The verdict that the last two axes are swapped. */
export interface TransposedComparison extends Compared {
  readonly verdict: 'transposed';
  /** An additional constant factor, for which the transpose of actual = factor × expected. */
  readonly factor: number;
}

/** The verdict that the axes are in another order. */
export interface PermutedComparison extends Compared {
  readonly verdict: 'permuted';
  /** The axis order that corrects `actual`, so that `actual.permute(order)` = factor × expected. */
  readonly order: readonly number[];
  readonly factor: number;
}

/** The verdict that the shapes differ, even after reordering the axes. */
export interface ShapesComparison extends Compared {
  readonly verdict: 'shapes';
  readonly expectedShape: Shape;
  readonly actualShape: Shape;
  /** A simple correction of the shape, if one is found. */
  readonly explanation: Explanation | undefined;
}

/** The verdict that the values differ, if no other verdict applies. */
export interface DifferentComparison extends Compared {
  readonly verdict: 'different';
  /** The largest |actual - expected|. If one of the two is NaN, the error counts as the largest. */
  readonly largestError: number;
  /** The largest error divided by the largest |expected|. */
  readonly relativeError: number;
  /** The position of the largest error, with one index per axis. */
  readonly where: readonly number[];
  /** The expected element at that position. */
  readonly expected: number;
  /** The actual element at that position. */
  readonly actual: number;
  /** The fraction of elements whose error exceeds the limit, in (0, 1]; 0 if no element could be compared. */
  readonly share: number;
  /** The reason why the values differ, if one was found. */
  readonly explanation: Explanation | undefined;
}

/** The result of `compare`. */
export type Comparison =
  | EqualComparison
  | RoundingComparison
  | ToleranceComparison
  | FactorComparison
  | TransposedComparison
  | PermutedComparison
  | ShapesComparison
  | DifferentComparison;

/** The verdicts of `compare`. */
export type Verdict = Comparison['verdict'];
