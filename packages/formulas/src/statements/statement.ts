/** The statements of a page. */

import type { Notation } from '../parsing/cursor.ts';
import type { Expression } from '../syntax/ast.ts';
import type { Page } from '../text/document.ts';
import type { FormulaError } from '../text/errors.ts';
import type { Span } from '../text/source.ts';
import type { Range } from './loops.ts';

/** Two or more sides with relations between them: a = b = c. */
export interface Statement {
  readonly span: Span;
  /** The numbers of the formula and of the paragraph that contain the statement. */
  readonly fragment: number;
  readonly block: number;
  readonly sides: readonly Expression[];
  /** The sides with each letter as the page writes it, before its notations are unified. */
  readonly written?: readonly Expression[];
  /** The statement of the whole page, if a part of the page is read by itself. */
  readonly origin?: Statement;
  /** `=`, `define`, `leftarrow`, `propto`, `approx`, `in`, …, one fewer than sides. */
  readonly relations: readonly string[];
  /** The ranges of its indices: from loops around it, and from `l = 1, …, L` next to it. */
  readonly ranges: readonly Range[];
  /** Conditions on its indices: i ≠ j. */
  readonly conditions: readonly Expression[];
  /** The number of the procedure of which it is a step. */
  readonly procedure: number | undefined;
  /** The reason why the statement was not understood; it then has no sides. */
  readonly error: FormulaError | undefined;
}

/** A page as statements. */
export interface Reading {
  readonly page: Page;
  readonly notation: Notation;
  readonly statements: readonly Statement[];
  /** Formulas without a claim: letters that prose mentions. */
  readonly mentions: readonly Statement[];
}
