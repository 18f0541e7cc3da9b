/** The error for text that isn't understood, with its position. */

import type { Span } from './source.ts';

/** Thrown for a part of a page that isn't understood. */
export class FormulaError extends Error {
  override readonly name = 'FormulaError';
  readonly span: Span;

  /**
   *
   * @param message the problem, as a sentence without a full stop.
   */
  constructor(message: string, span: Span) {
    super(message);
    this.span = span;
  }
}
