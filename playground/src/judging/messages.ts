/** The messages between the page and the judging worker. */

import type { FormulaCard } from '@tapegrad/formulas/html';

/** A page to judge. */
export interface Request {
  readonly id: number;
  readonly text: string;
}

/** Markdown pages to typeset without judging. */
export interface TypesetRequest {
  readonly typeset: readonly string[];
}

/** The displayed result for a formula. */
export interface Judged extends FormulaCard {
  readonly line: number;
  readonly span: { readonly start: number; readonly end: number };
  readonly kind: 'definition' | 'claim' | 'step';
  readonly verdict: 'holds' | 'wrong' | 'conditional' | 'not understood' | 'undecided';
  readonly reason: string;
  /** The corrected formula, in the page's own notation. */
  readonly mend: string | undefined;
}

export interface Answer {
  readonly id: number;
  readonly formulas: readonly Judged[];
  readonly reading: readonly string[];
  /** Whether corrections have been searched for. */
  readonly isMended: boolean;
  /** The time the worker took, in milliseconds. */
  readonly took: number;
}

/** A message from the worker: the id of the text that it has begun to judge, its results, or typeset HTML. */
export type Reply = Answer | { readonly started: number } | { readonly typeset: readonly string[] };
