/** Finds the letters that are counts, such as the number of layers. */

import { bare, type Expression, partsOf } from '../../syntax/ast.ts';
import type { Outline } from '../outline-types.ts';
import { textOfCount } from '../sides.ts';

/** Returns the letters that are counts: bounds of sums and loops, and exponents of R. */
export function countsOf(outline: Outline): Set<string> {
  const counts = new Set<string>();
  const note = (e: Expression | undefined): void => {
    if (e === undefined) return;
    const inside = bare(e);
    if (inside.kind === 'letter' && inside.sup.length === 0) counts.add(textOfCount(inside));
    else for (const part of partsOf(inside)) note(part);
  };
  const visit = (e: Expression): void => {
    if (e.kind === 'big') note(e.to);
    for (const part of partsOf(e)) visit(part);
  };
  for (const { sides, ranges } of outline.reading.statements) {
    for (const side of sides) visit(side);
    for (const { from, to } of ranges) {
      note(from);
      note(to);
    }
  }
  for (const { rows, columns } of outline.declarations) {
    note(rows);
    note(columns);
  }
  return counts;
}
