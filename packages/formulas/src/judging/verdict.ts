/** The verdicts on formulas. */

import type { Span } from '../text/source.ts';

/** The verdict on a formula; `conditional` if it holds only in some cases, which the reason names. */
export type VerdictWord = 'holds' | 'wrong' | 'conditional' | 'not understood' | 'undecided';

/**
 * The certainty of a verdict.
 *
 * - `dimensions`: follows from the shapes alone
 * - `exact`: checked as rational functions of the entries and of function values
 * - `numeric`: checked in float64, up to rounding
 * - `given`: a definition, which the page may choose freely
 * - `none`: nothing was judged
 */
export type Certainty = 'dimensions' | 'exact' | 'numeric' | 'given' | 'none';

/** Data at which the two sides of a formula differ. */
export interface Counterexample {
  /** The letters and their elements, in rows. */
  readonly data: Readonly<Record<string, readonly (readonly number[])[]>>;
  /** The functions used in place of unknown ones. */
  readonly functions: Readonly<Record<string, string>>;
  /** The index values it applies to: `l = 2`. */
  readonly where: string;
  /** The values of the two sides; undefined if their shapes don't match. */
  readonly left: readonly (readonly number[])[] | undefined;
  readonly right: readonly (readonly number[])[] | undefined;
}

/** The judgement of one step of a formula. */
export interface Judgement {
  readonly verdict: VerdictWord;
  readonly certainty: Certainty;
  readonly reason: string;
  /** The place of the fault on the page. */
  readonly place: Span | undefined;
  readonly counterexample: Counterexample | undefined;
}

export const judgement = (
  verdict: VerdictWord,
  certainty: Certainty,
  reason: string,
  rest: Partial<Judgement> = {},
): Judgement => ({
  verdict,
  certainty,
  reason,
  place: undefined,
  counterexample: undefined,
  ...rest,
});
