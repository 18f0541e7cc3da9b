/** Pages with right and wrong formulas. */

import { type FormulaResult, verifyPage } from '@tapegrad/formulas';
import { describe, expect, test } from 'vitest';

export interface Cases {
  /** The text before each formula. */
  readonly before: string;
  readonly right: readonly string[];
  readonly wrong: readonly string[];
}

const judged = (page: string): FormulaResult[] => [
  ...verifyPage(page, { name: 'page.md', mend: false, budget: 60_000 }).formulas,
];

/** Returns the verdict on the last formula of a page. */
export const last = (page: string): string | undefined => judged(page).at(-1)?.verdict;

/** Tests that right formulas hold, and that wrong ones don't. */
export function testCases(all: Readonly<Record<string, Cases>>): void {
  describe.each(Object.entries(all))('%s', (_, { before, right, wrong }) => {
    test.each(right)('%s holds', (formula) => {
      expect(last(`${before} $${formula}$`)).toBe('holds');
    });

    test.each(wrong)('%s does not hold', (formula) => {
      expect(['wrong', 'not understood', 'conditional']).toContain(last(`${before} $${formula}$`));
    });
  });
}
