/** What a page says, sorted into statements. */

import type { Notation } from '../parsing/cursor.ts';
import type { Expression } from '../syntax/ast.ts';
import type { Page } from '../text/document.ts';
import type { FormulaError } from '../text/errors.ts';
import type { Span } from '../text/source.ts';
import type { Range } from './loops.ts';

/** Two or more sides with relations between them: a = b = c. */
export interface Statement {
  readonly span: Span;
  /** The formula it stands in, and the paragraph. */
  readonly fragment: number;
  readonly block: number;
  readonly sides: readonly Expression[];
  /** `=`, `define`, `leftarrow`, `propto`, `approx`, `in`, …, one fewer than sides. */
  readonly relations: readonly string[];
  /** The ranges of indices that it is said for: loops around it, and `l = 1, …, L` beside it. */
  readonly ranges: readonly Range[];
  /** The procedure that it is a step of, by number. */
  readonly procedure: number | undefined;
  /** Why it was not understood; there are no sides then. */
  readonly error: FormulaError | undefined;
}

/** A page as its statements. */
export interface Reading {
  readonly page: Page;
  readonly notation: Notation;
  readonly statements: readonly Statement[];
  /** Formulas that say nothing: letters that prose speaks of. */
  readonly mentions: readonly Statement[];
}
