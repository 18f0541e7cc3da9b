/**
 * The quantities that derived formulas denote by letters: data, parameters, intermediate results, and derivatives with
 * respect to them.
 */

import type { Node } from '../../running/graph.ts';
import { type Expression, type LetterNode, letterOf, made, number } from '../../syntax/ast.ts';
import { letterCommands } from '../../syntax/names.ts';

/** An array that has a letter. */
export interface Quantity {
  readonly node: Node;
  /** Its notation: W_2, or dL/dW_2 if it has no letter of its own. */
  readonly face: Expression;
  /** The number of its layer, which is the index of a recursion. */
  readonly layer: number | undefined;
  /** The axis along which its elements add up to 1, if there is one. */
  readonly sumsToOne: number | undefined;
  /** Whether each element is 0 or 1. */
  readonly isMask?: boolean;
  readonly kind: 'given' | 'parameter' | 'result' | 'cotangent' | 'argument';
}

const isLetter = (name: string): boolean => name.length === 1 || letterCommands.has(name);

/** Parses a subscript: a number, a letter, or a word. */
function scriptOf(text: string): Expression {
  if (/^\d+$/.test(text)) return number(Number(text));
  return isLetter(text) ? letterOf(made, text) : { ...made, kind: 'prose', text };
}

/** Returns a letter with subscripts: `W`, `W_2`, `hat x`, `W_query`. A name of several letters is set upright. */
export function letterFrom(name: string): LetterNode {
  const [head = name, ...subs] = name.split('_');
  const [accent, face] = /^(hat|bar|tilde) ?(.+)$/.exec(head)?.slice(1) ?? [undefined, head];
  const accents = accent === undefined ? [] : [accent];
  const letter = letterOf(made, face!, { accents, alphabet: isLetter(face!) ? 'plain' : 'upright' });
  return { ...letter, sub: subs.map(scriptOf) };
}

/** Returns a letter with a layer number. */
export const withLayer = (letter: LetterNode, layer: number | undefined): LetterNode =>
  layer === undefined ? letter : { ...letter, sub: [number(layer), ...letter.sub] };

/** Returns dL/dx. */
export const derivativeBy = (of: Expression, by: Expression): Expression => ({
  ...made,
  kind: 'derivative',
  mark: 'partial',
  of,
  by: [by],
  behind: false,
});
