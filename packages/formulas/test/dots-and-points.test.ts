/** Dots in sums, products, lists and matrices; values at points; derivatives with arguments, and without variables. */

import { type FormulaResult, verifyPage } from '@tapegrad/formulas';
import { describe, expect, test } from 'vitest';

const judged = (page: string): FormulaResult[] => [
  ...verifyPage(page, { name: 'page.md', mend: false, budget: 60_000 }).formulas,
];

/** The verdicts on formulas, each in a display of its own after the same text. */
const verdicts = (before: string, formulas: readonly string[]): [string, string][] => {
  const page = `${before}\n\n${formulas.map((formula) => `$$${formula}$$`).join('\n\n')}\n`;
  const all = judged(page).slice(-formulas.length);
  return all.map(({ verdict }, i) => [formulas[i]!, verdict]);
};

const expected = (formulas: readonly string[], verdict: string): [string, string][] =>
  formulas.map((formula) => [formula, verdict]);

interface Cases {
  readonly before: string;
  readonly holds: readonly string[];
  readonly wrong: readonly string[];
}

const cases: Readonly<Record<string, Cases>> = {
  'dots in sums, lists and columns': {
    before: String.raw`Let $F(\mathbf{u}) = u_1^2 + u_2^2 + \cdots + u_m^2$.`,
    holds: [
      String.raw`\frac{\partial F}{\partial u_i} = 2 u_i`,
      String.raw`\nabla_{\mathbf{u}} F = \left[\frac{\partial F}{\partial u_1}, \ldots, \frac{\partial F}{\partial u_m}\right]^\top`,
      String.raw`\frac{dF}{d\mathbf{u}} = \begin{bmatrix} \frac{dF}{du_1} \\ \vdots \\ \frac{dF}{du_m} \end{bmatrix} = \begin{bmatrix} 2 u_1 \\ \vdots \\ 2 u_m \end{bmatrix} = 2 \mathbf{u}`,
      String.raw`\nabla_{\mathbf{u}} F = [2 u_1, 2 u_2, ..., 2 u_m]^\top`,
    ],
    wrong: [
      String.raw`\frac{dF}{d\mathbf{u}} = \begin{bmatrix} 3 u_1 \\ \vdots \\ 3 u_m \end{bmatrix}`,
      String.raw`\nabla_{\mathbf{u}} F = [u_1, ..., u_m]^\top`,
    ],
  },
  'dots in matrices': {
    before: String.raw`Let $v = \rho(z)$ elementwise, $v, z \in \mathbb{R}^n$.`,
    holds: [
      String.raw`\frac{\partial v}{\partial z} = \begin{bmatrix} \rho'(z_1) & 0 & \cdots & 0 \\ 0 & \rho'(z_2) & \cdots & 0 \\ \vdots & \vdots & \ddots & \vdots \\ 0 & 0 & \cdots & \rho'(z_n) \end{bmatrix}`,
      String.raw`\frac{\partial v}{\partial z} = \begin{bmatrix} \frac{\partial v_1}{\partial z_1} & \cdots & \frac{\partial v_1}{\partial z_n} \\ \vdots & \ddots & \vdots \\ \frac{\partial v_n}{\partial z_1} & \cdots & \frac{\partial v_n}{\partial z_n} \end{bmatrix}`,
    ],
    wrong: [
      String.raw`\frac{\partial v}{\partial z} = \begin{bmatrix} \rho(z_1) & \cdots & 0 \\ \vdots & \ddots & \vdots \\ 0 & \cdots & \rho(z_n) \end{bmatrix}`,
    ],
  },
  'dots in a sum over paths, and elements numbered with two digits': {
    before: String.raw`$$y_{11} = x_{11} w_{11} + x_{12} w_{21} + ... + x_{1d} w_{d1}$$ $$y_{ij} = x_{i1} w_{1j} + x_{i2} w_{2j} + ... + x_{id} w_{dj}$$`,
    holds: [
      String.raw`\frac{\partial y_{ij}}{\partial w_{1j}} = x_{i1}`,
      String.raw`\frac{\partial y_{11}}{\partial w_{21}} = x_{12}`,
    ],
    wrong: [String.raw`\frac{\partial y_{11}}{\partial w_{21}} = x_{21}`],
  },
  'values at points': {
    before: String.raw`Let $f(x) = x^3 + 2x$ and $o = \frac14 \sum_i 3 (v_i + 2)^2$.`,
    holds: [
      String.raw`\frac{df}{dx}\Big|_{x=2} = 14`,
      String.raw`\left.\frac{df}{dx}\right|_{x=2} = 14`,
      String.raw`f'(3) = 29`,
      String.raw`\frac{d^2 f}{dx^2}|_{x=c} = 6c`,
      String.raw`\frac{df}{dx}|_{c} = 3c^2 + 2`,
      String.raw`\frac{\partial o}{\partial v_i}\bigr\rvert_{v_i=1} = \frac{9}{2} = 4.5`,
    ],
    wrong: [
      String.raw`\frac{df}{dx}\Big|_{x=2} = 13`,
      String.raw`f'(3) = 28`,
      String.raw`\frac{\partial o}{\partial v_i}\bigr\rvert_{v_i=1} = 4`,
    ],
  },
  'derivatives with arguments, and gradients without variables': {
    before: String.raw`Let $f(x) = x^3 + 2x$ and $u(x) = \sin(x)$ and $q(a, b) = a^2 b$.`,
    holds: [
      String.raw`\frac{df}{dx}(x) = 3x^2 + 2`,
      String.raw`\frac{df}{dx}(3) = 29`,
      String.raw`\frac{d}{dx} f(u(x)) = \frac{df}{du}(u(x)) \frac{du}{dx}(x)`,
      String.raw`\frac{\partial q}{\partial a}(a, b) = 2 a b`,
      String.raw`\nabla f = 3x^2 + 2`,
      String.raw`\nabla q = [2ab, a^2]^\top`,
    ],
    wrong: [String.raw`\frac{df}{dx}(3) = 28`, String.raw`\nabla q = [2ab, b^2]^\top`],
  },
};

test.each(Object.entries(cases))('%s', (_, { before, holds, wrong }) => {
  expect(verdicts(before, holds)).toEqual(expected(holds, 'holds'));
  expect(verdicts(before, wrong)).toEqual(expected(wrong, 'wrong'));
});

describe('a formula that says too little is not guessed', () => {
  test.each([
    ['dots at the end of a sum', String.raw`$L = x^2$. $$\frac{dL}{dx} = 2x + \cdots$$`],
    ['terms of different forms', String.raw`$L = x^2$. $$\frac{dL}{dx} = 0 + 0 + \cdots + 2x$$`],
    ['a function on one side only', String.raw`$$\frac{dF}{dx}(x) = f(x)$$`],
  ])('%s', (_, page) => {
    expect(judged(page).at(-1)?.verdict).toBe('not understood');
  });
});

test('rows of dots are not formulas, and spaces divide a row', () => {
  const page = String.raw`$$\begin{aligned} a &= x^2 \\ ... \\ b &= 3x \ \ \ \ \frac{db}{dx} = 3 \end{aligned}$$`;
  expect(judged(page).map(({ verdict }) => verdict)).toEqual(['holds', 'holds', 'holds']);
});
