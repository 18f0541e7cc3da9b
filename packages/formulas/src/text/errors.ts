/** What is not understood, and where. */

import type { Span } from './source.ts';

/** A place in a page that was not understood. */
export class FormulaError extends Error {
  override readonly name = 'FormulaError';
  readonly span: Span;

  /** @param message what was found or expected, as a sentence without a full stop. */
  constructor(message: string, span: Span) {
    super(message);
    this.span = span;
  }
}
