/** What is said of a formula. */

import type { Span } from '../text/source.ts';

/** What is said of a formula, in a word; `conditional` where it holds in some cases, which the reason names. */
export type VerdictWord = 'holds' | 'wrong' | 'conditional' | 'not understood' | 'undecided';

/**
 * How sure a verdict is.
 *
 * - `dimensions`: shapes alone say so
 * - `exact`: as rational functions of the entries, and of the values of functions
 * - `numeric`: in float64, to rounding
 * - `given`: a definition, which the page is free to make
 * - `none`: nothing was judged
 */
export type Certainty = 'dimensions' | 'exact' | 'numeric' | 'given' | 'none';

/** Data at which the two sides of a formula differ. */
export interface Counterexample {
  /** Letters and their elements, row by row. */
  readonly data: Readonly<Record<string, readonly (readonly number[])[]>>;
  /** What unknown functions were taken for. */
  readonly functions: Readonly<Record<string, string>>;
  /** The indices it is for: `l = 2`. */
  readonly where: string;
  /** The two sides; none where they do not fit together. */
  readonly left: readonly (readonly number[])[] | undefined;
  readonly right: readonly (readonly number[])[] | undefined;
}

/** What is said of one step of a formula. */
export interface Judgement {
  readonly verdict: VerdictWord;
  readonly certainty: Certainty;
  readonly reason: string;
  /** Where in the page the trouble is. */
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
