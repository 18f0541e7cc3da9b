/** The names of indices in a statement, and the ranges they run over. */

import { bare, type Expression, partsOf } from '../syntax/ast.ts';
import { eachLetter } from './letters/letters.ts';
import type { Outline } from './outline-types.ts';
import { noScope, type Scope } from './shaper.ts';
import type { Dim } from './shapes/dims.ts';
import type { Types } from './shapes/types.ts';

/** Gives each free index of a statement a range of its own. */
export function scopeOf(left: Expression, right: Expression, types: Types, outline: Outline): Scope {
  const extents = new Map<string, Dim>();
  for (const side of [left, right]) {
    for (const name of indexNamesIn(side, outline)) if (!extents.has(name)) extents.set(name, types.dims.fresh());
  }
  return { ...noScope, extents };
}

/** Returns the names of letters that occur in indices. */
export function indexNamesIn(e: Expression, outline: Outline): Set<string> {
  const names = new Set<string>();
  const note = (index: Expression): void => {
    const inside = bare(index);
    if (inside.kind === 'letter') names.add(inside.name);
    else for (const part of partsOf(inside)) note(part);
  };
  eachLetter(e, (letter) => {
    const { members, elements } = outline.letters.useOf(letter);
    for (const index of [...members, ...elements]) note(index);
  });
  const visit = (part: Expression): void => {
    if (part.kind === 'element') for (const index of part.indices) note(index);
    for (const inner of partsOf(part)) visit(inner);
  };
  visit(e);
  // Counts, such as the L of W_L, are not indices.
  for (const name of names) if (/^[A-Z]$/.test(name) || outline.lasts.has(name)) names.delete(name);
  return names;
}
