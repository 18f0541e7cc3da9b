/** The formulas in the guides: each holds, or has its verdict in a comment above it. */

import { readFileSync } from 'node:fs';
import { verifyPage } from '@tapegrad/formulas';
import { expect, test } from 'vitest';

/** A known mistake: the line of its formula, its verdict, and part of the reason. */
interface Mistake {
  readonly line: number;
  readonly verdict: string;
  readonly reason: string;
}

const mistakesIn = (text: string): Mistake[] =>
  text.split('\n').flatMap((line, i) => {
    const [, verdict, reason] = /^<!-- (wrong|conditional): (.*) -->$/.exec(line) ?? [];
    return verdict === undefined ? [] : [{ line: i + 2, verdict, reason: reason! }];
  });

test.each([
  ['backpropagation.md', 25, 3],
  ['formulas.md', 39, 5],
])('%s', { timeout: 60_000 }, (name, count, mistakes) => {
  const text = readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
  const { formulas } = verifyPage(text, { name, budget: 60_000, mend: false });
  const known = mistakesIn(text);
  expect(known).toHaveLength(mistakes);
  const others = formulas.filter(({ verdict }) => verdict !== 'holds');
  expect(others.map(({ line, verdict }) => [line, verdict])).toEqual(known.map(({ line, verdict }) => [line, verdict]));
  others.forEach(({ reason }, i) => {
    expect(reason).toContain(known[i]!.reason);
  });
  expect(formulas).toHaveLength(count);
});
