/** What the statements of a page are: definitions, declarations, assumptions, claims. */

import type { Range } from '../statements/loops.ts';
import type { Reading } from '../statements/statement.ts';
import type { Expression, LetterNode } from '../syntax/ast.ts';
import type { Letters } from './letters.ts';

/** A letter's value, for indices that match. */
export interface Definition {
  readonly key: string;
  /** The indices of the left side: numbers, counters, sums of both. */
  readonly pattern: readonly Expression[];
  /** How many of them pick an element. */
  readonly elements: number;
  readonly body: Expression;
  readonly statement: number;
  readonly ranges: readonly Range[];
  readonly procedure: number | undefined;
}

/** f(x, y) = body. */
export interface FunctionDefinition {
  readonly key: string;
  readonly pattern: readonly Expression[];
  readonly parameters: readonly LetterNode[];
  readonly body: Expression;
  readonly statement: number;
}

/** A letter that stands for a derivative: delta_l = ∂L/∂a_l. */
export interface Alias {
  readonly key: string;
  readonly pattern: readonly Expression[];
  readonly of: Expression;
  readonly by: Expression;
  readonly statement: number;
}

/** X \in R^{n x d}: what its rows and columns are counted by; a vector has no columns. */
export interface Declaration {
  readonly key: string;
  readonly members: readonly Expression[];
  readonly rows: Expression | undefined;
  readonly columns: Expression | undefined;
  readonly statement: number;
}

export type Property =
  | 'symmetric'
  | 'positive definite'
  | 'diagonal'
  | 'square'
  | 'orthogonal'
  | 'antisymmetric'
  | 'distribution'
  | 'positive';

export interface Assumption {
  readonly key: string;
  readonly property: Property;
  /** The paragraph that it is made in; page-wide where that says nothing else. */
  readonly block: number;
}

/** The paragraph of what is assumed everywhere. */
export const pageWide = -1;

export type ItemKind = 'definition' | 'declaration' | 'assumption' | 'claim' | 'step' | 'unread';

/** Two sides that are to be equal. */
export interface Step {
  readonly left: Expression;
  readonly right: Expression;
  readonly relation: string;
}

export interface Item {
  readonly statement: number;
  readonly kind: ItemKind;
  /** What of it is to be judged. */
  readonly steps: readonly Step[];
}

export interface Outline {
  readonly reading: Reading;
  readonly letters: Letters;
  readonly items: readonly Item[];
  readonly definitions: readonly Definition[];
  readonly functions: readonly FunctionDefinition[];
  readonly aliases: readonly Alias[];
  readonly declarations: readonly Declaration[];
  readonly assumptions: readonly Assumption[];
  /** The keys of letters that are differentiated: losses, mostly. */
  readonly losses: ReadonlySet<string>;
}
