/** Parsing formulas from LaTeX and plain text to trees, and printing them as both. */

import { describe, expect, test } from 'vitest';
import type { Notation } from '../src/parsing/cursor.ts';
import { parseExpression } from '../src/parsing/grammar.ts';
import { noNotation } from '../src/statements/notation.ts';
import type { Expression } from '../src/syntax/ast.ts';
import { latexTokens } from '../src/syntax/latex-tokens.ts';
import { latexOf } from '../src/syntax/print-latex.ts';
import { textOf } from '../src/syntax/print-text.ts';
import { textTokens } from '../src/syntax/text-tokens.ts';

const notation: Notation = {
  ...noNotation,
  functions: new Set(['f', 'sigma', 's']),
  superscripted: new Set(['z', 'a', 'h']),
};

const parse = (latex: string): Expression =>
  parseExpression(latexTokens(latex, 0), { start: 0, end: latex.length }, notation);

/** LaTeX, and the same formula in plain text. */
const formulas: readonly (readonly [string, string])[] = [
  ["W^\\top \\delta \\odot \\sigma'(z)", "(W^T delta) ⊙ sigma'(z)"],
  ['a \\odot b c', 'a ⊙ (b c)'],
  ['\\mathbf{W}_{l+1}^\\mathsf{T} \\boldsymbol\\delta_{l+1}', 'W_(l + 1)^T delta_(l + 1)'],
  ['\\frac{\\partial \\mathcal{L}}{\\partial \\mathbf{W}}', 'dL/dW'],
  ['\\frac{\\partial^2 f}{\\partial x \\partial x^T}', 'd^2f/(dx dx^T)'],
  ['\\frac{\\partial}{\\partial \\mathbf{X}} \\operatorname{Tr}(\\mathbf{A} \\mathbf{X})', 'dtrace(A X)/dX'],
  ['\\partial L/\\partial W', 'dL/dW'],
  ['\\nabla_W L', 'dL/dW'],
  ['\\nabla_w \\frac{1}{2} \\|X w - y\\|^2', 'd(1/2 ||X w - y||^2)/dw'],
  ['\\frac{\\mathrm{d}y}{\\mathrm{d}x}', 'dy/dx'],
  ['\\frac{d}{dx} \\tanh x', 'd(tanh x)/dx'],
  ['z^{(l)}', 'z^(l)'],
  ['a^{[l-1]T}', 'a^[l - 1]^T'],
  ['h^{(k-1)\\top}', 'h^(k - 1)^T'],
  ['X^{-T}', 'X^-T'],
  ['(A B)^{-1}', '(A B)^-1'],
  ['\\sum_{i=1}^n (x_i - \\mu)^2', 'sum_(i=1..n) (x_i - mu)^2'],
  ['\\prod_{j=k+1}^{t} \\frac{\\partial h_j}{\\partial h_{j-1}}', 'prod_(j=k + 1..t) dh_j/dh_(j - 1)'],
  ['P_{ik} \\delta_{ij}', 'P_ik delta_ij'],
  ['\\log|\\det X|', 'log |det X|'],
  ['\\|x\\|_2^2 + \\|X\\|_F', '||x||_2^2 + ||X||_F'],
  ['\\langle x, y \\rangle', '<x, y>'],
  ['[z > 0]', '[z > 0]'],
  ['\\mathbf{1}\\{z \\ge 0\\}', '[z >= 0]'],
  ['\\mathbb{1}_{z > 0}', '[z > 0]'],
  ['\\dfrac{x}{1 + e^{-x}}', 'x/(1 + exp(-x))'],
  ['\\sqrt{\\sigma^2 + \\epsilon}', 'sqrt(sigma^2 + epsilon)'],
  ['\\bigl( x \\bigr) \\Bigl[ y \\Bigr]', '(x) [y]'],
  ['\\left( \\frac{a}{b} \\right)^{\\!\\top}', '(a/b)^T'],
  ['\\underbrace{x y}_{\\text{two}} + z', 'x y + z'],
  ['\\hat{y} - \\bar{\\mathbf{x}}', 'y-hat - x-bar'],
  ['\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}', '[a, b; c, d]'],
  ['\\begin{cases} z & \\text{if } z > 0 \\\\ 0 & \\text{otherwise} \\end{cases}', '{z if z > 0; 0 otherwise}'],
  ['\\max(0, 1 - y)', 'max(0, 1 - y)'],
  ["\\operatorname{diag}(\\sigma'(z)) W", "diag(sigma'(z)) W"],
  ['\\tanh^2(x)', '(tanh(x))^2'],
  ["δ ⊙ σ'(z) ∂L/∂W Xᵀ x² w₁", "delta ⊙ (sigma'(z) (dL/dW) X^T x^2 w_1)"],
  ['2 \\cdot -x', '2 (-x)'],
  ['a / b c', '(a/b) c'],
  ['x \\otimes y', 'x ⊗ y'],
];

describe('LaTeX', () => {
  test.each(formulas)('%s', (latex, text) => {
    expect(textOf(parse(latex))).toBe(text);
  });

  test.each(formulas)('%s, printed and read again', (latex) => {
    const read = parse(latex);
    expect(textOf(parse(latexOf(read))).replaceAll(/[()]/g, '')).toBe(textOf(read).replaceAll(/[()]/g, ''));
    expect(latexOf(read, latex)).toBe(latex);
  });
});

test.each([
  ["(delta_(l+1) W_(l+1)^T) * s_l'(A_l)", "(delta_(l + 1) W_(l + 1)^T) ⊙ s_l'(A_l)"],
  ['dL/dW_l', 'dL/dW_l'],
  ['2 X^T (X w - y) / n', '2 X^T ((X w - y)/n)'],
  ['sum_i exp(x_i)', 'sum_(i) exp(x_i)'],
  ['||x||^2 + lambda |w|', '||x||^2 + lambda |w|'],
  ['W^-1 x ** 2', 'W^-1 x^2'],
])('plain text: %s', (text, expected) => {
  const read = parseExpression(textTokens(text, 0), { start: 0, end: text.length }, notation);
  expect(textOf(read)).toBe(expected);
});

describe('what is not understood is told, with its place', () => {
  test.each([
    ['x + ', 'expected a formula', 3],
    ['W^', "expected something after '^'", 1],
    ['a \\odot', "expected a formula after '\\odot'", 2],
    ['( x + y', "expected ')' to close this", 0],
    ['\\left( x', "expected '\\right' to close this", 0],
    ['x ) y', "unmatched ')'", 2],
    ['\\frac{a}{}', 'expected a numerator and a denominator', 0],
    ['\\foo x', "the command \\foo isn't known", 0],
    ['\\sum_{i=1}^n', "expected a formula after '\\sum'", 0],
    ['\\int f', 'expected the bounds of this integral', 0],
    [`${'{'.repeat(300)}x${'}'.repeat(300)}`, 'nested too deeply', 151],
    [`${'('.repeat(200)}x${')'.repeat(200)}`, 'nested too deeply', undefined],
  ])('%s', (latex, message, start) => {
    const error = (() => {
      try {
        return parse(latex);
      } catch (thrown) {
        return thrown as { message: string; span: { start: number } };
      }
    })();
    expect(error).toMatchObject({ name: 'FormulaError', message: expect.stringContaining(message) });
    if (start !== undefined) expect('message' in error && error.span.start).toBe(start);
  });
});
