/**
 * Finds the updates of iterative methods, w_{t+1} = w_t - η ∂L/∂w. They say how a letter changes, and not what it depends
 * on.
 */

import type { Statement } from '../../statements/statement.ts';
import { bare, type Expression, walk } from '../../syntax/ast.ts';
import { eachLetter, type Letters } from './letters.ts';

/** The letters and derivatives that a letter is computed from. */
interface Sources {
  readonly keys: Set<string>;
  /** The letters with respect to which derivatives are taken. */
  readonly variables: Set<string>;
}

/**
 * Returns the numbers of statements that compute a letter from the letter itself and, directly or through other letters,
 * from a derivative with respect to it.
 */
export function updatesIn(statements: readonly Statement[], letters: Letters): Set<number> {
  const keyIn = (e: Expression): string | undefined => {
    const inside = bare(e);
    return inside.kind === 'letter' ? letters.useOf(inside).key : undefined;
  };
  const noteIn = (e: Expression, { keys, variables }: Sources): void => {
    eachLetter(e, (letter) => keys.add(letters.useOf(letter).key));
    walk(e, (part) => {
      if (part.kind !== 'derivative') return;
      for (const by of part.by) eachLetter(by, (letter) => variables.add(letters.useOf(letter).key));
    });
  };
  const sources = new Map<string, Sources>();
  const own: { readonly statement: number; readonly key: string; readonly right: Expression }[] = [];
  statements.forEach(({ sides, relations }, statement) => {
    const [left, right] = sides;
    if (left === undefined || right === undefined || !/^(?:=|define|leftarrow)$/.test(relations[0]!)) return;
    const key = keyIn(left);
    if (key === undefined) return;
    const known = sources.get(key) ?? { keys: new Set(), variables: new Set() };
    sources.set(key, known);
    noteIn(right, known);
    own.push({ statement, key, right });
  });
  const isUpdate = (key: string, right: Expression): boolean => {
    const found: Sources = { keys: new Set(), variables: new Set() };
    noteIn(right, found);
    if (!found.keys.has(key)) return false;
    for (const other of found.keys) {
      if (other === key) continue;
      for (const next of sources.get(other)?.keys ?? []) found.keys.add(next);
      for (const variable of sources.get(other)?.variables ?? []) found.variables.add(variable);
    }
    return found.variables.has(key);
  };
  return new Set(own.filter(({ key, right }) => isUpdate(key, right)).map(({ statement }) => statement));
}
