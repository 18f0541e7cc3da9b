/** Reading pages: the positions of formulas in Markdown, LaTeX and plain text, and their meanings. */

import { describe, expect, test } from 'vitest';
import { readStatements } from '../src/statements/statements.ts';
import { textOf } from '../src/syntax/print-text.ts';
import { type ReadPageOptions, readPage } from '../src/text/document.ts';

/** Returns the statements of a page, each as its sides, with the ranges for which it is made. */
function read(text: string, options: ReadPageOptions = {}): string[] {
  return readStatements(readPage(text, options)).statements.map(({ sides, ranges, error }) => {
    if (error !== undefined) return `error: ${error.message}`;
    const said = ranges.map(({ index, from, to }) => ` for ${textOf(index)} = ${textOf(from)}..${textOf(to)}`);
    return sides.map(textOf).join(' = ') + said.join('');
  });
}

describe('Markdown', () => {
  test.each([
    ['inline and display', 'Let $a = 1$.\n\n$$\nb = 2\n$$', ['a = 1', 'b = 2']],
    ['brackets', '\\(a = 1\\) and \\[b = 2\\]', ['a = 1', 'b = 2']],
    ['doubled brackets', '\\\\(a = 1\\\\) and \\\\[b = 2\\\\]', ['a = 1', 'b = 2']],
    ['a fence of math', '```math\na = 1\n```', ['a = 1']],
    ['a ticked formula', 'Let $`a = 1`$.', ['a = 1']],
    ['code is none', '`$a = 1$` and\n\n```py\nx = "$b = 2$"\n```\n\n$c = 3$', ['c = 3']],
    ['comments are none', '<!-- $a = 1$ -->\n\n$b = 2$', ['b = 2']],
    ['prices are none', 'It costs $5 or $6, and $a = 1$ holds.', ['a = 1']],
    ['an environment', '\\begin{align}\na &= 1 \\\\\nb &= 2\n\\end{align}', ['a = 1', 'b = 2']],
    ['a quotation', '> $$\n> a = 1\n> $$', ['a = 1']],
    ['words of any language', 'Für alle $x$ gilt $$a = 1 \\quad\\text{und}\\quad b = 2.$$', ['a = 1', 'b = 2']],
    ['what is mentioned only', 'the matrix $W_l$ of $n$ rows', []],
    ['a dollar sign', 'It is \\$3, $a = 1$.', ['a = 1']],
  ])('%s', (_, page, statements) => {
    expect(read(page)).toEqual(statements);
  });
});

describe('displays', () => {
  test.each([
    ['rows go on', '\\begin{aligned} a &= b \\\\ &= c \\\\ &\\quad + d \\end{aligned}', ['a = b = c + d']],
    [
      'side by side',
      '\\begin{aligned} a &= 1 \\end{aligned} \\qquad \\begin{aligned} b &= 2 \\end{aligned}',
      ['a = 1', 'b = 2'],
    ],
    ['a system', '\\begin{cases} a = 1 \\\\ b = 2 \\end{cases}', ['a = 1', 'b = 2']],
    ['behind a brace', '\\left\\{ \\begin{array}{l} a = 1 \\\\ b = 2 \\end{array} \\right.', ['a = 1', 'b = 2']],
    ['tags and labels', 'a = 1 \\tag{3} \\label{x}', ['a = 1']],
    ['a definition', 'a := 1, \\quad b \\triangleq 2, \\quad c \\equiv 3', ['a = 1', 'b = 2', 'c = 3']],
    ['for all', 'a_l = W_l z_l, \\quad l = 1, \\dots, L', ['a_l = W_l z_l for l = 1..L']],
    ['stacked relations', 'a \\overset{!}{=} b \\stackrel{\\text{def}}{=} c', ['a = b = c']],
  ])('%s', (_, formula, statements) => {
    expect(read(`$$${formula}$$`)).toEqual(statements);
  });
});

describe('procedures', () => {
  test('set in aligned', () => {
    const page = `$$\\begin{aligned} &\\mathbf{procedure}\\ \\text{Back}(\\mathbf{W}) \\\\ &\\quad \\mathbf{for}\\ l = (L-1):1\\ \\mathbf{do} \\\\
      &\\qquad a_l \\leftarrow W_l \\\\ &\\quad \\mathbf{end\\ for} \\\\ &\\quad b \\leftarrow c \\\\ &\\quad \\mathbf{return}\\ b \\\\ &\\mathbf{end\\ procedure} \\end{aligned}$$`;
    expect(read(page)).toEqual(['a_l = W_l for l = L - 1..1', 'b = c']);
  });

  test('of the algorithm packages', () => {
    const page = `\\begin{document}\\begin{algorithmic}
      \\State $a \\gets 1$
      \\For{$l = L-1, \\dots, 1$}
      \\State $b_l \\gets c_l$
      \\EndFor
      \\State $d \\gets 2$
      \\end{algorithmic}\\end{document}`;
    expect(read(page)).toEqual(['a = 1', 'b_l = c_l for l = L - 1..1', 'd = 2']);
  });
});

describe('macros', () => {
  test.each([
    ['newcommand', '\\newcommand{\\W}{\\mathbf{W}} $\\W x = y$', ['W x = y']],
    ['with arguments', '\\newcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}} $\\pd{L}{W} = g$', ['dL/dW = g']],
    [
      'with a default',
      '\\newcommand{\\pd}[2][L]{\\frac{\\partial #1}{\\partial #2}} $\\pd{W} = \\pd[E]{b}$',
      ['dL/dW = dE/db'],
    ],
    ['def', '$\\def\\a#1{#1^T}\\a{X} = Y$', ['X^T = Y']],
    ['operators', '\\DeclareMathOperator{\\trace}{tr} $\\trace(X) = 1$', ['trace(X) = 1']],
    ['one in another', '\\def\\a{x}\\def\\b{\\a + 1} $y = \\b$', ['y = x + 1']],
    ['without an end', '\\def\\a{\\a} $y = \\a$', ['error: a macro expands endlessly']],
    ['without its argument', '\\newcommand{\\v}[1]{#1} $y = \\v$', ['error: \\v expects 1 arguments']],
  ])('%s', (_, page, statements) => {
    expect(read(page)).toEqual(statements);
  });
});

test('a LaTeX document: its comments, its preamble and its code are none', () => {
  const page =
    '\\documentclass{a}\n$z = 0$\n\\begin{document}\n% $a = 1$\n\\verb|$b = 2$| \\begin{equation} c = 3 \\end{equation}\n\\end{document} $d = 4$';
  expect(read(page)).toEqual(['c = 3']);
});

test('plain text: lines with a relation and hardly a word', () => {
  const page =
    "The links of a network are\n  delta_l = (delta_(l+1) W_(l+1)^T) * s_l'(A_l)\nwhich we call = links of all the layers here.\n1. A_l <- Z_(l-1) W_l";
  expect(read(page)).toEqual(["delta_l = (delta_(l + 1) W_(l + 1)^T) ⊙ s_l'(A_l)", 'A_l = Z_(l - 1) W_l']);
});
