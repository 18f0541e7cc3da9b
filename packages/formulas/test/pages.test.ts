/** Whole pages, in the notations of several books, each with known mistakes. */

import { readFileSync } from 'node:fs';
import { type FormulaResult, verifyPage } from '@tapegrad/formulas';
import { describe, expect, test } from 'vitest';

/** The time limit is generous, so that no formula is left undecided on a slow machine. */
const budget = 60_000;

const read = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');

interface Expected {
  /** The number of formulas. */
  readonly formulas: number;
  /** The formulas that don't hold, by line: their verdicts and their mends. */
  readonly others: readonly (readonly [
    line: number,
    verdict: FormulaResult['verdict'],
    reason: string,
    mend?: string,
  ])[];
}

const pages: Readonly<Record<string, Expected>> = {
  'backpropagation.md': {
    formulas: 34,
    others: [
      [23, 'conditional', 'for several points: off by the factor n'],
      [27, 'conditional', 'off by the factor n', "1/n [(2 (z_4 - y)) ⊙ sigma_4'(a_4)] z_3^T"],
      [31, 'wrong', '2 x 1 and 3 x 1', "(W_4^T dL/da_4) ⊙ sigma_3'(a_3)"],
      [33, 'wrong', 'shapes', "((W_4^T dL/da_4) ⊙ sigma_3'(a_3)) z_2^T"],
      [37, 'wrong', 'shapes', "(W_l^T dL/da_l) ⊙ sigma_(l - 1)'(a_(l - 1))"],
      [41, 'conditional', 'for a softmax', 'Z_L ⊙ (dL/dZ_L - (dL/dZ_L ⊙ Z_L) 1 1^T)'],
      [41, 'wrong', 'the shapes of the factors do not match', "(delta_(l + 1) W_(l + 1)^T) ⊙ sigma_l'(A_l)"],
    ],
  },
  'matrix-derivatives.md': {
    formulas: 21,
    others: [
      [7, 'wrong', '2 x 3 and 3 x 2', 'b a^T'],
      [9, 'wrong', 'differ', '(B + B^T) x'],
      [12, 'wrong', 'the right side is the transpose of the left side', '2 X^T'],
      [16, 'wrong', 'the right side is the transpose of the left side', 'det(X) X^-T'],
    ],
  },
  'elements.md': {
    formulas: 17,
    others: [
      [17, 'wrong', 'the shapes of the factors do not match', "((w^(l + 1))^T delta^(l + 1)) ⊙ sigma'(z^l)"],
      [23, 'wrong', 'element 3 is out of range for a 2 x 1 array', 'a^(l - 1)_k delta^l_j'],
      [31, 'wrong', 'is out of range', "sum_(k) w^(l + 1)_kj delta^(l + 1)_k sigma'(z^l_j)"],
    ],
  },
  'identities.md': {
    formulas: 77,
    others: [
      [97, 'wrong', 'different shapes'],
      [98, 'wrong', 'differ', '(W + W^T) (x - s)'],
      [99, 'wrong', 'the shapes of the factors do not match', 'B A'],
      [100, 'wrong', 'transpose of the left side', '3 (X^2)^T'],
      [101, 'wrong', 'factor 2', 'A^T (A x - b)'],
      [102, 'wrong', 'shapes', '1 + v^T u'],
      [103, 'wrong', 'different shapes'],
      [104, 'wrong', 'differ'],
    ],
  },
  'hidden-layer.md': {
    formulas: 53,
    others: [
      [59, 'wrong', 'the shapes differ: 3 x 4 and 4 x 3', 'dL/dB ⊙ (1 g^T)'],
      [60, 'wrong', 'the sign is wrong', '-1/n (Y - P)'],
      [61, 'wrong', 'the shapes of the factors do not match: 3 x 4 and 3 x 1', '(dL/dA)^T 1'],
      [62, 'wrong', 'the shapes of the factors do not match', 'sum_(k=1..3) S_k^T dL/dT_k'],
    ],
  },
  'plain-letters.md': {
    formulas: 12,
    others: [
      [7, 'wrong', 'different shapes', 'a b^T'],
      [14, 'wrong', 'differ'],
    ],
  },
  'four-equations.md': { formulas: 4, others: [] },
  'square-brackets.md': { formulas: 10, others: [] },
  'softmax.md': { formulas: 9, others: [[7, 'wrong', '6 of 9 elements differ', 'p_i (delta_ij - p_j)']] },
  'batch-normalisation.md': {
    formulas: 11,
    others: [
      [
        16,
        'wrong',
        'differ',
        'dell/dx-hat_i 1/sqrt(sigma_B^2 + epsilon) + dell/dmu_B 1/m + dell/dsigma_B^2 dsigma_B^2/dx_i',
      ],
    ],
  },
  'recurrent.md': {
    formulas: 12,
    others: [[11, 'wrong', 'differ', 'W_hh^T (dL/dh_(t + 1) ⊙ (1 - h_(t + 1)^2)) + W_hy^T (y-hat_t - y_t)']],
  },
  'attention.md': {
    formulas: 9,
    others: [[12, 'wrong', 'the shapes of the factors do not match', '1/sqrt(d) (dS)^T Q']],
  },
  'logistic.md': { formulas: 9, others: [[15, 'wrong', 'the sign is wrong', '-(y - y-hat) x']] },
  'macros.tex': {
    formulas: 8,
    others: [[23, 'wrong', 'the shapes of the factors do not match', 'W^(k)^T (dJ/da^(k))']],
  },
  'plain-text.txt': { formulas: 8, others: [[8, 'wrong', 'shapes', 'Z_(l - 1)^T delta_l']] },
};

describe.each(Object.entries(pages))('%s', (name, { formulas: count, others }) => {
  const { formulas } = verifyPage(read(name), { name, budget });

  test('every formula is read', () => {
    expect(formulas).toHaveLength(count);
    expect(formulas.filter(({ verdict }) => verdict === 'not understood' || verdict === 'undecided')).toEqual([]);
  });

  test('every verdict is right, and every mend', () => {
    const found = formulas.filter(({ verdict }) => verdict !== 'holds');
    expect(found.map(({ line, verdict }) => [line, verdict])).toEqual(others.map(([line, verdict]) => [line, verdict]));
    found.forEach((formula, i) => {
      const [, , reason, mend] = others[i]!;
      expect(formula.reason).toContain(reason);
      if (mend !== undefined) expect(formula.mend?.text.split(' = ').at(-1)).toBe(mend);
    });
  });

  test('what is mended holds', { timeout: 60_000 }, () => {
    const mended = formulas.filter(
      ({ mend, verdict }) => mend !== undefined && mend.when === undefined && verdict !== 'conditional',
    );
    const lines = read(name).split('\n');
    for (const { line, source, mend } of mended)
      lines[line - 1] = lines[line - 1]!.replace(source, () => mend!.formula);
    const again = verifyPage(lines.join('\n'), { name, budget, mend: false }).formulas;
    expect(mended.map((formula) => [formula.mend!.formula, again[formulas.indexOf(formula)]?.verdict])).toEqual(
      mended.map(({ mend }) => [mend!.formula, 'holds']),
    );
  });
});

test('the 26 gradients of a small network are numbered, and hold', () => {
  const text = read('hidden-layer.md');
  const numbers = text.split('\n').flatMap((line, i) => (/^\d+\. \$/.test(line) ? [i + 1] : []));
  expect(numbers).toHaveLength(26);
  const { formulas } = verifyPage(text, { budget, mend: false });
  const found = formulas.filter(({ line }) => numbers.includes(line));
  expect(found.map(({ line, kind, verdict }) => [line, kind, verdict])).toEqual(
    numbers.map((line) => [line, 'claim', 'holds']),
  );
});

test.each([
  ['0', 'holds'],
  ['10^{-12} x', 'wrong'],
])('what terms that cancel leave is rounding, and no difference: %s', (right, verdict) => {
  const page = `$\\tan(3 x) \\cos(3 x) - \\sin(3 x) = ${right}$`;
  expect(verifyPage(page, { budget, mend: false }).formulas.at(-1)?.verdict).toBe(verdict);
});

test('a formula is told by its line, its column and its source', () => {
  const [formula] = verifyPage('Let\n\n$$ x = 1, \\qquad \\frac{d}{dy} y^2 = y $$', { budget }).formulas.slice(1);
  expect(formula).toMatchObject({
    line: 3,
    column: 18,
    source: '\\frac{d}{dy} y^2 = y',
    verdict: 'wrong',
    kind: 'claim',
  });
  expect(formula?.place).toEqual({ line: 3, column: 37, length: 1 });
});

test('equality is exact where it can be, and says how sure it is', () => {
  const [formula] = verifyPage(
    '$\\nabla_x \\|A x - b\\|^2 = 2 A^T (A x - b)$ with $x \\in \\mathbb{R}^n$, $b \\in \\mathbb{R}^m$',
    { budget },
  ).formulas;
  expect(formula).toMatchObject({ verdict: 'holds', certainty: 'exact' });
  expect(Number(/2\^-(\d+)/.exec(formula!.reason)?.[1])).toBeGreaterThanOrEqual(50);
});

test.each([
  ['where', '$\\frac{\\partial x^T B x}{\\partial x} = 2 B x$ where $B = B^T$ and $x \\in \\mathbb{R}^n$', 'holds'],
  ['without', '$\\frac{\\partial x^T B x}{\\partial x} = 2 B x$ for $x \\in \\mathbb{R}^n$', 'wrong'],
])('properties are said on the page: %s', (_, page, verdict) => {
  expect(verifyPage(page, { budget }).formulas[0]?.verdict).toBe(verdict);
});

test.each([
  ['where $B$ is symmetric', 'holds'],
  ['for symmetric $B$', 'holds'],
  ['with a symmetric matrix $B$', 'holds'],
  ['where $A$ and $B$ are symmetric', 'holds'],
  ['where $B$ is symmetric positive definite', 'holds'],
  ['mit symmetrischem $B$', 'holds'],
  ['où $B$ est symétrique', 'holds'],
  ['where $B$ need not be symmetric', 'wrong'],
  ['where $B$ is not symmetric', 'wrong'],
  ['where $A$ is symmetric', 'wrong'],
])('prose says what matrices are: %s', (prose, verdict) => {
  const page = `$\\frac{\\partial x^T B x}{\\partial x} = 2 B x$ ${prose}`;
  expect(verifyPage(page, { budget, mend: false }).formulas[0]?.verdict).toBe(verdict);
});
