/** What `compare` finds of two tensors, as data. */

import type { Shape } from '@tapegrad/kernels';
import type { FactorName, LengthRatio } from './factors.ts';

interface Explained {
  /** The explanation as a clause that goes on from the name of what was compared: `lacks the factor slope(1)`. */
  readonly message: string;
}

/** All is 0, and not all should be. */
export interface ZeroExplanation extends Explained {
  readonly kind: 'zero';
}

/** The numbers are right but for some of their signs. */
export interface SignsExplanation extends Explained {
  readonly kind: 'signs';
  /** How many signs are wrong. */
  readonly count: number;
}

/** The same elements run backwards along some axes: along the last two, they are turned by 180 degrees. */
export interface ReversedExplanation extends Explained {
  readonly kind: 'reversed';
  readonly axes: readonly number[];
  /** The order of the axes besides, which `actual.permute(order)` mends. */
  readonly order: readonly number[] | undefined;
  readonly factor: number;
}

/** The same elements, moved along an axis: around its end (`rolled`), or beyond it (`shifted`). */
export interface MovedExplanation extends Explained {
  readonly kind: 'rolled' | 'shifted';
  readonly axis: number;
  /** What is expected at i is at i + by. */
  readonly by: number;
  readonly factor: number;
}

/** The same elements in another order that has no simple rule. */
export interface ReorderedExplanation extends Explained {
  readonly kind: 'reordered';
}

/** Each index of an axis has a factor of its own. */
export interface FactorsExplanation extends Explained {
  readonly kind: 'factors';
  readonly axis: number;
  /** By index; NaN where all elements are 0. */
  readonly factors: readonly number[];
}

/** All elements are off by the same number, or those of each index of an axis are. */
export interface OffsetExplanation extends Explained {
  readonly kind: 'offset';
  /** None where one number is right for all. */
  readonly axis: number | undefined;
  /** actual - expected; by index where there is an axis. */
  readonly offsets: readonly number[];
}

/** All is right but at some indices of an axis. */
export interface SlicesExplanation extends Explained {
  readonly kind: 'slices';
  readonly axis: number;
  readonly indices: readonly number[];
  /** The factor by which what is there is off, if it is one. */
  readonly factor: number | undefined;
}

/** A known factor is missing, is there besides, or stands in place of another. */
export interface KnownFactorExplanation extends Explained {
  readonly kind: 'missing factor' | 'extra factor' | 'replaced factor';
  /** The name of what is missing, or is there besides. */
  readonly known: string;
  /** What stands in its place. */
  readonly by: string | undefined;
  /** The constant factor besides. */
  readonly factor: number;
}

/** A known term is missing, or is there besides. */
export interface KnownTermExplanation extends Explained {
  readonly kind: 'missing term' | 'extra term';
  readonly known: string;
  /** What the term is times; none where each index of `axis` has a number of its own. */
  readonly coefficient: number | undefined;
  readonly axis: number | undefined;
}

/** It is what a known mistake gives. */
export interface MistakeExplanation extends Explained {
  readonly kind: 'mistake';
  /** What the mistake is called among those that are known. */
  readonly known: string;
}

/** The shapes differ, but the elements are the same ones, in the same order. */
export interface ReshapedExplanation extends Explained {
  readonly kind: 'reshaped';
  readonly factor: number;
}

/** The shapes differ because it was not summed along some axes, or was where it should not be. */
export interface SummedExplanation extends Explained {
  readonly kind: 'not summed' | 'summed';
  /** Axes of what has more of them. */
  readonly axes: readonly number[];
  readonly factor: number;
}

/** Why two tensors differ. */
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
  /** What was compared. */
  readonly name: string;
  /** Whether the two are equal, to within what is allowed. */
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

/** Every element is equal to within a tolerance, or to within the errors of central differences. */
export interface ToleranceComparison extends Compared {
  readonly verdict: 'tolerance';
  /** The largest |actual - expected| by the largest |expected|. */
  readonly relativeError: number;
  /** The largest error as a share of what is allowed there, up to 1. */
  readonly share: number;
}

/** Every element is off by the same factor. */
export interface FactorComparison extends Compared {
  readonly verdict: 'factor';
  /** actual = factor × expected */
  readonly factor: number;
  /** What the factor is, where it is one of those that have a name. */
  readonly named: FactorName | undefined;
  /** What it has to do with the lengths of axes, unless it is told by n. */
  readonly length: LengthRatio | undefined;
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
  /** What mends it, where something simple does. */
  readonly explanation: Explanation | undefined;
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
  /** The share of the elements that are off by more than is allowed, above 0 up to 1. */
  readonly share: number;
  /** Why they differ, where a reason was found. */
  readonly explanation: Explanation | undefined;
}

/** What `compare` finds. */
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
