/** Mends use the page's own macros. */

import { verifyPage } from '@tapegrad/formulas';
import { expect, test } from 'vitest';

const macros = String.raw`\newcommand{\mW}{\mathbf{W}} \newcommand{\vect}[1]{\mathbf{#1}} \def\T{^{\mathsf T}}
\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} \newcommand{\one}{\mathbf{1}} \newcommand\norm[1]{\|#1\|}
\newcommand{\delt}[1]{\vect{\delta}^{(#1)}} \newcommand{\w}[1][l]{\mathbf{V}_{#1}}
`;

const mends: Readonly<Record<string, readonly [page: string, mend: string]>> = {
  'letters, bare and with an argument': [
    String.raw`$\vect{a} = \mW \vect{x}$, $\vect z = s(\vect{a})$, $$\frac{\partial L}{\partial \mW} = \vect{x} \frac{\partial L}{\partial \vect{a}}^\top$$`,
    String.raw`\frac{\partial L}{\partial \mW} = \frac{\partial L}{\partial \vect{a}} \vect{x}^\top`,
  ],
  'letters without braces': [
    String.raw`$\vect a = \mW \vect x$, $\vect z = s(\vect a)$, $$\frac{\partial L}{\partial \vect x} = \mW \frac{\partial L}{\partial \vect a}$$`,
    String.raw`\frac{\partial L}{\partial \vect x} = \mW^\top \frac{\partial L}{\partial \vect a}`,
  ],
  'whole derivatives': [
    String.raw`$\vect{a} = \mW \vect{x}$, $\vect{z} = s(\vect{a})$, $$\pd{L}{\mW} = \vect{x}^\top \pd{L}{\vect{a}}$$`,
    String.raw`\pd{L}{\mW} = \pd{L}{\vect{a}} \vect{x}^\top`,
  ],
  'a macro within another': [
    String.raw`$\vect{a}^{(l)} = \mW^{(l)} \vect{z}^{(l-1)}$, $\vect{z}^{(l)} = s(\vect{a}^{(l)})$, $\delt{l} = \pd{L}{\vect{a}^{(l)}}$, $$\pd{L}{\vect{z}^{(l-1)}} = \mW^{(l)} \delt{l}$$`,
    String.raw`\pd{L}{\vect{z}^{(l-1)}} = (\mW^{(l)})^\top \delt{l}`,
  ],
  'a vector of ones that is new': [
    String.raw`$Z = X W + \one b^\top$ with $X \in \mathbb{R}^{n \times d}$, $b \in \mathbb{R}^k$, $L = \norm{Z - Y}^2$, $$\pd{L}{b} = \left(\pd{L}{Z}\right)^\top$$`,
    String.raw`\pd{L}{b} = \left(\pd{L}{Z}\right)^\top \one`,
  ],
  'an argument that is left out': [
    String.raw`$A_l = Z_{l-1} \w$, $Z_l = s(A_l)$, $$\pd{L}{Z_{l-1}} = \pd{L}{A_l} \w[l+1]^\top$$`,
    String.raw`\pd{L}{Z_{l-1}} = \pd{L}{A_l} \vect{V}_l^\top`,
  ],
};

test.each(Object.entries(mends))('%s', (_name, [page, mend]) => {
  const text = macros + page;
  const wrong = verifyPage(text, { name: 'page.md', budget: 60_000 }).formulas.filter(
    ({ verdict }) => verdict !== 'holds',
  );
  expect(wrong.map(({ verdict, mend }) => [verdict, mend?.formula])).toEqual([['wrong', mend]]);
  const again = verifyPage(
    text.replace(wrong[0]!.source, () => mend),
    { name: 'page.md', budget: 60_000, mend: false },
  );
  expect(again.formulas.every(({ verdict }) => verdict === 'holds')).toBe(true);
});
