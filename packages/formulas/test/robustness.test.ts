/** Damaged pages: they give a verdict, or an error with a position, but never a crash. `FORMULAS_RUNS=10000` tries more. */

import { readdirSync, readFileSync } from 'node:fs';
import { verifyPage } from '@tapegrad/formulas';
import { expect, test } from 'vitest';
import { startCpuTime } from '../../../test/cpu-time.ts';
import { randomIntegers } from '../src/running/random.ts';

const folder = new URL('fixtures/', import.meta.url);
const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.includes('.'))
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }));
const runs = Number(process.env.FORMULAS_RUNS ?? 60);

const pieces = [
  '{',
  '}',
  '$',
  '$$',
  '\\',
  '^',
  '_',
  '\\frac',
  '\\left(',
  '\\right)',
  '|',
  "'",
  '&',
  '\\\\',
  '(',
  ')',
  '\\odot',
  '\\partial',
  '=',
  '\\sum',
  '0',
  'x',
  '^T',
  '_{l+1}',
  '\\begin{aligned}',
  '\\end{aligned}',
];

/** Returns a page with a few pieces removed, doubled, swapped or inserted, or without its end. */
function damaged(text: string, random: () => number): string {
  const below = (n: number): number => random() % Math.max(1, n);
  // A few lines are enough, since each formula is damaged on its own.
  const lines = text.split('\n');
  const start = below(lines.length);
  let page = lines.slice(start, start + 1 + below(8)).join('\n');
  for (let change = below(4); change >= 0; change--) {
    const at = below(page.length);
    const length = 1 + below(6);
    const kind = below(5);
    if (kind === 0) page = page.slice(0, at) + page.slice(at + length);
    else if (kind === 1) page = page.slice(0, at) + pieces[below(pieces.length)]! + page.slice(at);
    else if (kind === 2) page = page.slice(0, at);
    else if (kind === 3) page = page.slice(0, at) + page.slice(at, at + length).repeat(2) + page.slice(at + length);
    else page = page.slice(0, at) + [...page.slice(at, at + length)].reverse().join('') + page.slice(at + length);
  }
  return page;
}

/** The time limit for a formula, in milliseconds. */
const budget = 2000;
/** Milliseconds that a page may take to be read. */
const slack = 3000;
const mostMemory = 500e6;

test(`${runs} damaged pages`, { timeout: 60_000 + runs * 2000 }, () => {
  const random = randomIntegers(Number(process.env.PROPERTY_SEED ?? 1));
  const before = process.memoryUsage().rss;
  for (let run = 0; run < runs; run++) {
    const { name, text } = pages[run % pages.length]!;
    const page = damaged(text, random);
    let formulas: ReturnType<typeof verifyPage>['formulas'];
    const cpuTime = startCpuTime();
    try {
      ({ formulas } = verifyPage(page, { name, mend: run % 10 === 0, budget }));
    } catch (error) {
      throw new Error(`this page is too much: ${JSON.stringify(page)}`, { cause: error });
    }
    const elapsed = cpuTime();
    expect(elapsed, page).toBeLessThan(formulas.length * budget + slack);
    if (run % 50 === 0) expect(process.memoryUsage().rss - before).toBeLessThan(mostMemory);
    for (const { verdict, reason, line, place } of formulas) {
      expect(reason, page).not.toBe('');
      expect(line, page).toBeGreaterThan(0);
      if (verdict === 'not understood') expect(place === undefined || place.length > 0, page).toBe(true);
    }
  }
});

test.each([
  ['nothing', ''],
  ['a dollar sign', '$'],
  ['braces without an end', `$$ ${'{'.repeat(5000)} = x $$`],
  ['a long row', `$$ x = ${'a + '.repeat(3000)} b $$`],
  ['many fractions', `$$ x = ${'\\frac{a}{'.repeat(80)} b ${'}'.repeat(80)} $$`],
  ['a large sum', '$$ x = \\sum_{i=1}^{100000} i $$ and $x = 3$'],
  ['a tower of powers', '$$ \\frac{d}{dx} x^{x^{x^{x}}} = x $$'],
  ['a definition of itself', '$f(x) = f(x - 1)$, $\\frac{d}{dx} f(x) = 1$'],
  ['definitions of each other', '$a = b + 1$, $b = a + 1$, $\\frac{da}{db} = 1$'],
  ['a recursion without a base', '$a_l = W_{l-1} a_{l-2}$, $\\frac{\\partial L}{\\partial a_l} = 1$'],
])('%s', { timeout: 60_000 }, (_, page) => {
  expect(() => verifyPage(page, { budget: 2000 })).not.toThrow();
});
