/** Letters with different meanings in different places, as in long notes. */

import { type FormulaResult, verifyPage } from '@tapegrad/formulas';
import { expect, test } from 'vitest';

const judged = (page: string): FormulaResult[] => [
  ...verifyPage(page, { name: 'page.md', mend: false, budget: 60_000 }).formulas,
];
const verdicts = (page: string): string[] =>
  judged(page)
    .filter(({ kind }) => kind === 'claim')
    .map(({ verdict }) => verdict);

test('a section may use letters in its own way', () => {
  const page =
    '# Lines\n\n$z = x + y$, $\\frac{\\partial z}{\\partial x} = 1$\n\n# Areas\n\n$z = x y$, $\\frac{\\partial z}{\\partial x} = y$';
  expect(verdicts(page)).toEqual(['holds', 'holds']);
});

test('a letter may be given another value on the way, and a wrong value stays wrong', () => {
  const page = '$z = x + y$, $\\frac{\\partial z}{\\partial x} = 1$, $z = x y$, $\\frac{\\partial z}{\\partial x} = y$';
  expect(judged(page).every(({ verdict }) => verdict === 'holds')).toBe(true);
  expect(verdicts('$z = x + y$, $z = x y$')).toEqual(['wrong']);
});

test('what is a function of something is said better later', () => {
  const page = '$q = f(w, x)$. Here $q = w x$, and $\\frac{\\partial q}{\\partial w} = x$.';
  expect(verdicts(page)).toEqual(['holds']);
});

test('a letter e is no base of powers', () => {
  const page = '$e = p - y$, $L = e^2$, $\\frac{dL}{de} = 2e$, $\\frac{dL}{dp} = 2 (p - y)$';
  expect(verdicts(page)).toEqual(['holds', 'holds']);
  expect(verdicts('$\\frac{d}{dx} e^{2 x} = 2 e^{2 x}$')).toEqual(['holds']);
});

test('a value at a point that is not named is not judged', () => {
  const [, claim] = judged('$L = w^2$, $\\frac{dL}{dw} = 8$');
  expect(claim).toMatchObject({ verdict: 'not understood' });
  expect(claim?.reason).toContain('value at a particular point');
});

test('a derivative by what nothing depends on is not judged', () => {
  const [claim] = judged('$\\frac{\\partial z}{\\partial a} = w$');
  expect(claim).toMatchObject({ verdict: 'not understood' });
  expect(claim?.reason).toContain('depend');
});

test('a gradient may be a list', () => {
  expect(verdicts('$f(x, y) = x^2 y$, $\\nabla f(x, y) = [2 x y, x^2]^\\top$')).toEqual(['holds']);
  expect(verdicts('$f(x, y) = x^2 y$, $\\nabla f(x, y) = [2 x, x^2]^\\top$')).toEqual(['wrong']);
});

test('an approximation is called wrong only to the order to which it is written', () => {
  expect(verdicts('$f(x) = x^2$, $f(x) \\approx 3x$')).not.toContain('wrong');
  expect(verdicts('$f(x) = x^2$, $f(x + h) \\approx f(x)$')).not.toContain('wrong');
  expect(verdicts('$f(x) = x^2$, $f(x + h) \\approx f(x) + h f(x)$')).toContain('wrong');
});
