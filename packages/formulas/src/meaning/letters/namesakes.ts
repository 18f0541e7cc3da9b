/** Finds letters that a page names like its derivatives: G_A is ∂L/∂A where G_Z = ∂L/∂Z. */

import { bare, type LetterNode } from '../../syntax/ast.ts';
import type { Alias } from '../outline-types.ts';
import type { Letters } from './letters.ts';

/** Returns the letters that a label names: A in G_A, h in delta_h. */
const namedBy = (label: string, letters: Letters): LetterNode[] =>
  [...letters.all.values()]
    .filter(({ key, family, elements }) => key.replace(/^bold /, '') === label && family + elements === 0)
    .map(({ sample }) => sample);

/** Returns the derivatives that undefined letters stand for, since other letters with such labels are defined so. */
export function namesakesOf(aliases: readonly Alias[], letters: Letters, isOpen: (key: string) => boolean): Alias[] {
  const found: Alias[] = [];
  for (const { key, pattern, of, by, statement } of aliases) {
    const variable = bare(by);
    if (variable.kind !== 'letter' || pattern.length > 0) continue;
    const own = letters.useOf(variable).key.replace(/^bold /, '');
    if (!key.endsWith(`_${own}`)) continue;
    const base = key.slice(0, -own.length);
    for (const other of letters.all.keys()) {
      if (!other.startsWith(base) || !isOpen(other) || found.some((alias) => alias.key === other)) continue;
      const [letter, ...others] = namedBy(other.slice(base.length), letters);
      if (letter !== undefined && others.length === 0)
        found.push({ key: other, pattern: [], of, by: letter, statement });
    }
  }
  return found;
}
