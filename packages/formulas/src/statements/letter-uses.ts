/** Visits the letters of statements, and finds those that are lengths. */

import { bare, type Expression, type LetterNode, partsOf } from '../syntax/ast.ts';
import type { Statement } from './statement.ts';

/** Visits the letters of statements that aren't indices. */
export function eachUse(
  statements: readonly Statement[],
  visit: (letter: LetterNode, statement: Statement, index: number) => void,
): void {
  const go = (e: Expression, statement: Statement, index: number): void => {
    if (e.kind === 'letter') visit(e, statement, index);
    for (const part of partsOf(e)) go(part, statement, index);
  };
  statements.forEach((statement, index) => {
    for (const side of statement.sides) go(side, statement, index);
  });
}

/** Returns the name of a letter with its accents, in whatever alphabet. */
export const nameOf = ({ name, accents }: LetterNode): string => `${accents.join(' ')} ${name}`;

/**
 * Returns the names of plain letters that are lengths: bounds of sums, and letters such as the h in R^{h x d} on a page
 * that also has a vector \mathbf{h}.
 */
export function lengthsIn(statements: readonly Statement[]): Set<string> {
  const names = new Set<string>();
  const note = (e: Expression): void => {
    if (e.kind === 'letter' && e.alphabet === 'plain') names.add(nameOf(e));
    for (const part of partsOf(e)) note(part);
  };
  const visit = (e: Expression): void => {
    const isSpace = e.kind === 'power' && (bare(e.base) as Partial<LetterNode>).alphabet === 'blackboard';
    if (isSpace) note(e.exponent);
    if (e.kind === 'letter' && e.alphabet === 'blackboard') for (const length of e.sup) note(length);
    if (e.kind === 'big' && e.to !== undefined) note(e.to);
    for (const part of partsOf(e)) visit(part);
  };
  for (const { sides } of statements) sides.forEach(visit);
  return names;
}
