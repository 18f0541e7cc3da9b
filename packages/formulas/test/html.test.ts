/** Documents as web pages, with each formula marked by its verdict. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { typeset } from '../src/html/typeset.ts';
import { htmlPage } from '../src/html.ts';
import { verifyPage } from '../src/index.ts';

const pageOf = (text: string, name = 'notes.md'): string =>
  htmlPage([{ result: verifyPage(text, { name, budget: 60_000 }), text }]);

const count = (html: string, part: string): number => html.split(part).length - 1;

const traces = `# Traces & more

| a | b |
| - | - |
| 1 | *2* |

1. Right: $\\frac{\\partial}{\\partial X} \\operatorname{tr}(X) = I$
2. Wrong: $\\frac{\\partial}{\\partial X} \\operatorname{tr}(X^2) = 2 X$ and <b>bold</b>
3. Unclear: $\\frac{d}{dx} x^2 = 2 x \\odot$
`;

describe('a page in Markdown', () => {
  const html = pageOf(traces);

  test('is shown with its prose, and what is markup in it is text', () => {
    expect(html).toContain('<title>Traces &amp; more</title>');
    expect(html).toContain('<td><em>2</em></td>');
    expect(html).toContain('&lt;b&gt;bold&lt;/b&gt;');
    expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
  });

  test('has each formula marked, and a card for those that do not hold', () => {
    expect(count(html, 'class="inline holds"')).toBe(1);
    expect(count(html, 'class="inline wrong"')).toBe(1);
    expect(count(html, 'class="inline not-understood"')).toBe(1);
    expect(count(html, '<details class="card')).toBe(2);
    expect(html).toContain('<a href="#formula-2">');
    expect(html).toContain('id="formula-2"');
  });

  test('shows the place, the counterexample and the mend', () => {
    const [, card = ''] = /id="formula-2"([\s\S]*?)<\/details>/.exec(html) ?? [];
    expect(card).toContain('<mark class="place">2 X</mark>');
    expect(card).toContain('<table class="heat">');
    expect(card).toContain('<mark class="changed">^\\top</mark>');
    expect(card).toMatch(/class="changed"[\s\S]*<\/math>/);
  });
});

test('formulas of one display are marked one by one', () => {
  const html = pageOf(
    '$$\\begin{aligned} \\frac{d}{dx} x^2 &= 2x \\\\ \\frac{d}{dx} x^3 &= 2x^2 \\end{aligned}$$\n\nThen $\\frac{d}{dx} x = 1$.',
  );
  expect(count(html, 'class="formula holds"')).toBeGreaterThanOrEqual(2);
  expect(count(html, 'class="formula wrong"')).toBeGreaterThanOrEqual(1);
  expect(html).not.toContain('<code class="source">');
});

test('LaTeX documents and their macros are typeset', () => {
  const html = pageOf(readFileSync(new URL('fixtures/macros.tex', import.meta.url), 'utf8'), 'macros.tex');
  expect(html).toContain('<math');
  expect(html).not.toContain('<code class="source">');
  expect(html).not.toContain('\\documentclass');
});

test('plain text is typeset as it was read', () => {
  const html = pageOf(readFileSync(new URL('fixtures/plain-text.txt', import.meta.url), 'utf8'), 'plain-text.txt');
  expect(count(html, 'class="display holds"')).toBe(7);
  expect(count(html, 'class="display wrong"')).toBe(1);
});

test.each(['backpropagation', 'attention', 'batch-normalisation', 'recurrent', 'hidden-layer', 'identities'])(
  'every formula of %s is typeset',
  (name) => {
    const text = readFileSync(new URL(`fixtures/${name}.md`, import.meta.url), 'utf8');
    const result = verifyPage(text, { name: `${name}.md`, mend: false, budget: 60_000 });
    const html = htmlPage([{ result, text }]);
    expect(html).not.toContain('<code class="source">');
    expect(html).not.toMatch(/[\u{e000}\u{e001}]/u);
  },
);

test('a link of a page runs nothing, and a formula that is not understood is shown as it is', () => {
  const html = pageOf('[a](javascript:alert(1)) and $\\href{javascript:alert(1)}{x} = \\frac{1$.');
  expect(html).not.toMatch(/href="javascript/);
  expect(html).toContain('<code class="source">');
});

describe('a mark', () => {
  const marked = (latex: string, start: number, end: number): string =>
    typeset(latex, [{ start, end, className: 'x' }], { display: false });

  test('is an element of its class', () => {
    expect(marked('a + b', 4, 5)).toContain('<mi class="x">b</mi>');
  });

  test('grows to the group that it cuts into', () => {
    expect(marked('W_{l + 1} b', 5, 9)).toMatch(/<mrow class="x"><mi>l<\/mi>.*<\/mrow><\/msub>/);
  });

  test('of a bracket alone is left out', () => {
    expect(marked('\\left(a\\right)', 0, 6)).not.toContain('class="x"');
  });
});
