/** What the page and the worker that judges say to each other. */

import type { FormulaCard } from '@tapegrad/formulas/html';

/** A page to be judged. */
export interface Request {
  readonly id: number;
  readonly text: string;
}

/** Pages in Markdown that are only typeset. */
export interface TypesetRequest {
  readonly typeset: readonly string[];
}

/** What is shown of a formula. */
export interface Judged extends FormulaCard {
  readonly line: number;
  readonly span: { readonly start: number; readonly end: number };
  readonly kind: 'definition' | 'claim' | 'step';
  readonly verdict: 'holds' | 'wrong' | 'conditional' | 'not understood' | 'undecided';
  readonly reason: string;
  /** The mended formula, in the page's own notation. */
  readonly mend: string | undefined;
}

export interface Answer {
  readonly id: number;
  readonly formulas: readonly Judged[];
  readonly reading: readonly string[];
  /** Whether mends were looked for. */
  readonly isMended: boolean;
  /** Milliseconds that the worker took. */
  readonly took: number;
}
