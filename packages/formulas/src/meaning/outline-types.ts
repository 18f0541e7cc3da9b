/** The types of a page's statements: definitions, declarations, assumptions, claims. */

import type { Range } from '../statements/loops.ts';
import type { Reading } from '../statements/statement.ts';
import type { Expression, LetterNode } from '../syntax/ast.ts';
import type { Letters } from './letters/letters.ts';

/** The definition of a letter, for the indices that match `pattern`. */
export interface Definition {
  readonly key: string;
  /** The indices on the left side: numbers, index letters, or sums of the two. */
  readonly pattern: readonly Expression[];
  /** The number of indices that select an element. */
  readonly elements: number;
  readonly body: Expression;
  readonly statement: number;
  readonly ranges: readonly Range[];
  readonly procedure: number | undefined;
}

/** A function definition, f(x, y) = body. */
export interface FunctionDefinition {
  readonly key: string;
  readonly pattern: readonly Expression[];
  readonly parameters: readonly LetterNode[];
  readonly body: Expression;
  readonly statement: number;
}

/** A letter that denotes a derivative: delta_l = ∂L/∂a_l. */
export interface Alias {
  readonly key: string;
  readonly pattern: readonly Expression[];
  readonly of: Expression;
  readonly by: Expression;
  readonly statement: number;
}

/** X \in R^{n x d}: the lengths of rows and columns; a vector has no columns. */
export interface Declaration {
  readonly key: string;
  readonly members: readonly Expression[];
  readonly rows: Expression | undefined;
  readonly columns: Expression | undefined;
  readonly statement: number;
}

/** For each undefined letter, the letters of which it is an unknown function. */
export type Dependencies = ReadonlyMap<string, readonly LetterNode[]>;

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
  /** The paragraph that contains it, or `pageWide`. */
  readonly block: number;
}

/** The block of assumptions that apply to the whole page. */
export const pageWide = -1;

export type ItemKind = 'definition' | 'declaration' | 'assumption' | 'claim' | 'step' | 'unread';

/** Two sides that should be equal. */
export interface Equation {
  readonly left: Expression;
  readonly right: Expression;
  readonly relation: string;
}

export interface Item {
  readonly statement: number;
  readonly kind: ItemKind;
  /** The steps to judge. */
  readonly steps: readonly Equation[];
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
  /** The statements that give a letter the next value in an iteration. */
  readonly updates: ReadonlySet<number>;
  /** The keys of letters that are differentiated, mostly losses. */
  readonly losses: ReadonlySet<string>;
  /** The keys of functions whose value is a number, since the page takes their gradients. */
  readonly scalars: ReadonlySet<string>;
  /** The dependencies of letters without a definition. */
  readonly dependencies: Dependencies;
  /** Lowercase letters that denote the last member of a family, as capitals usually do: h^{(l)}. */
  readonly lasts: ReadonlySet<string>;
}
