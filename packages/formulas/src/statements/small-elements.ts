/** Finds small letters for the elements of matrices with capital letters: a_{ij} of A, u_{ik} of \mathbf{U}. */

import { bare, type Expression, type LetterNode } from '../syntax/ast.ts';
import { eachUse, lengthsIn, nameOf } from './letter-uses.ts';
import type { Statement } from './statement.ts';

const losses = /^(?:L|J|E|C|F)$/;

/** Returns whether an expression may be the index of an element: a letter or a digit. */
function isIndex(e: Expression): boolean {
  const inside = bare(e);
  if (inside.kind === 'number') return true;
  return inside.kind === 'letter' && /^[a-z]$/.test(inside.name) && inside.sub.length + inside.sup.length === 0;
}

/** Returns whether a letter has the indices of a matrix's element. */
export const isElement = ({ sub }: LetterNode): boolean => sub.length === 2 && sub.every(isIndex);

/**
 * Returns the names of small letters that denote elements, with the capital letter of each. The page writes the capital
 * letter without the indices of elements, and the small one only with two; its formula doesn't contain the other.
 */
export function elementsOf(statements: readonly Statement[]): Map<string, LetterNode> {
  const matrices = new Map<string, LetterNode>();
  const elements = new Set<string>();
  const others = new Set<string>();
  eachUse(statements, (letter, statement) => {
    const name = nameOf(letter);
    const isCapital = /^ ?\p{Lu}$/u.test(name) && (letter.alphabet === 'bold' || letter.alphabet === 'plain');
    if (isCapital && letter.sub.length === 0) matrices.set(name, letter);
    else if (isCapital) others.add(name);
    if (!/^ ?\p{Ll}$/u.test(name) || letter.alphabet !== 'plain') return;
    if (isElement(letter)) elements.add(name);
    else others.add(name);
    // x_{ij} = … gives the elements their own meaning.
    const { sides, relations } = statement;
    if (sides.length > 1 && relations[0] !== 'in' && bare(sides[0]!) === letter) others.add(name);
  });
  const lengths = lengthsIn(statements);
  const found = new Map<string, LetterNode>();
  for (const name of elements) {
    const capital = matrices.get(name.toUpperCase());
    const isOther = others.has(name) || others.has(name.toUpperCase()) || lengths.has(name.toUpperCase());
    if (capital !== undefined && !isOther && !losses.test(capital.name)) found.set(name, capital);
  }
  return found;
}
