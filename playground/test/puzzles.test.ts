/** The puzzles: the judge accepts the right answer to each, and rejects others. */

import { verifyPage } from '@tapegrad/formulas';
import { expect, test } from 'vitest';
import { evasion, pageOf, puzzles } from '../src/puzzles/puzzles.ts';

const judged = (page: string) => verifyPage(page, { mend: false, budget: 60_000 }).formulas.at(-1)!;

test('there are twelve', () => {
  expect(puzzles).toHaveLength(12);
});

test.each(puzzles)('$title has an answer that holds', (puzzle) => {
  expect(evasion(puzzle, puzzle.answer)).toBeUndefined();
  expect(judged(pageOf(puzzle, puzzle.answer)).verdict).toBe('holds');
});

test.each(puzzles)('$title: another sign is wrong', (puzzle) => {
  expect(judged(pageOf(puzzle, `-(${puzzle.answer})`)).verdict).toBe('wrong');
});

test.each(puzzles)('$title: what was asked is no answer', (puzzle) => {
  expect(evasion(puzzle, puzzle.left)).toBeDefined();
  expect(evasion(puzzle, '\\frac{\\partial L}{\\partial x}')).toBeDefined();
  expect(evasion(puzzle, ' ')).toBeDefined();
});
