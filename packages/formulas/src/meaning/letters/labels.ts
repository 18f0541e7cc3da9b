/** Finds letters for the true class, which select an element: y in L = -log p_y. */

import { bare, type Expression, partsOf } from '../../syntax/ast.ts';
import type { Definition, Outline } from '../outline-types.ts';
import { eachLetter } from './letters.ts';

/** The usual letters of a class. */
const classes = /^(?:y|t|c)$/;

/** The class that is assumed to be the true one. */
const any = 2;

/** Returns the class letters by which definitions select elements, each with a class to assume for it. */
export function labelsIn(definitions: readonly Definition[], { letters, reading }: Outline): Map<string, number> {
  const running = new Set<string>();
  const labels = new Map<string, number>();
  const note = (e: Expression): void => {
    if (e.kind === 'big') for (const index of e.indices) running.add(index.name);
    for (const part of partsOf(e)) note(part);
  };
  for (const { sides } of reading.statements) sides.forEach(note);
  for (const { pattern, body } of definitions) {
    for (const index of pattern) eachLetter(index, ({ name }) => running.add(name));
    eachLetter(body, (letter) => {
      for (const index of letters.useOf(letter).elements) {
        const inside = bare(index);
        if (inside.kind === 'letter' && inside.sub.length + inside.sup.length === 0 && classes.test(inside.name))
          labels.set(inside.name, any);
      }
    });
  }
  for (const name of running) labels.delete(name);
  return labels;
}
