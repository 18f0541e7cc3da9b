/** Finds lowercase letters for the last member of a family: l in y = h^{(l)}, where layers are counted by k. */

import { bare, type Expression, partsOf } from '../../syntax/ast.ts';
import type { Definition } from '../outline-types.ts';
import { eachLetter, type Letters } from './letters.ts';

const nameOf = (e: Expression): string | undefined => {
  const inside = bare(e);
  return inside.kind === 'letter' && inside.sub.length + inside.sup.length === 0 ? inside.name : undefined;
};

function namesIn(e: Expression, names: Set<string>): void {
  const name = nameOf(e);
  if (name !== undefined) names.add(name);
  for (const part of partsOf(bare(e))) namesIn(part, names);
}

/** Returns the index letters that no definition binds: neither on its left side, nor in its ranges, nor in a sum. */
export function lastMembers(definitions: readonly Definition[], letters: Letters): Set<string> {
  const running = new Set<string>();
  const free = new Set<string>();
  for (const { pattern, ranges, body } of definitions) {
    for (const index of pattern) namesIn(index, running);
    for (const { index } of ranges) running.add(index.name);
    const visit = (e: Expression): void => {
      if (e.kind === 'big') for (const index of e.indices) running.add(index.name);
      for (const part of partsOf(e)) visit(part);
    };
    visit(body);
    eachLetter(body, (letter) => {
      for (const index of letters.useOf(letter).members) {
        const name = nameOf(index);
        if (name !== undefined && /^(?:[a-z]|ell)$/.test(name)) free.add(name);
      }
    });
  }
  return new Set([...free].filter((name) => !running.has(name)));
}
