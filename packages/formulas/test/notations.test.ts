/**
 * Ten pages in the notations of books and courses, with a few mistakes: every formula is understood, and every verdict
 * is right.
 */

import { readFileSync } from 'node:fs';
import { verifyPage } from '@tapegrad/formulas';
import { expect, test } from 'vitest';

/** For each page, the number of formulas, and the lines of the wrong ones. */
const pages: Readonly<Record<string, readonly [formulas: number, wrong: readonly number[]]>> = {
  'nielsen.md': [10, [19]],
  'bishop.md': [10, [14, 15]],
  'goodfellow.tex': [10, [22]],
  'cs231n.md': [13, [15, 16]],
  'd2l.md': [18, [25]],
  'fastai.md': [9, [13, 15]],
  'vorlesung.md': [12, [9, 13]],
  'plain.txt': [12, [11, 12]],
  'article.tex': [13, [19]],
  'numpy.md': [10, [30]],
};

test.each(Object.entries(pages))('%s', { timeout: 60_000 }, (name, [count, wrong]) => {
  const text = readFileSync(new URL(`fixtures/notations/${name}`, import.meta.url), 'utf8');
  const { formulas } = verifyPage(text, { name, budget: 60_000, mend: false });
  const others = formulas.filter(({ verdict }) => verdict !== 'holds');
  expect(others.map(({ line, verdict }) => [line, verdict])).toEqual(wrong.map((line) => [line, 'wrong']));
  expect(formulas).toHaveLength(count);
});
