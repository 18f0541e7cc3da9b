/** Approximations, limits, remainders, integrals, inequalities, and means over an index. */

import { verifyPage } from '@tapegrad/formulas';
import { expect, test } from 'vitest';

type Verdict = 'holds' | 'wrong' | 'conditional' | 'not understood';

const r = String.raw;

/** Formulas with their verdicts, each list after a text of its own. */
const cases: Readonly<Record<string, { before: string; formulas: readonly (readonly [Verdict, string])[] }>> = {
  'approximations and limits': {
    before: 'Let $f(x) = x^3 + 2x$.',
    formulas: [
      ['holds', r`\frac{df}{dx} = \lim_{h \to 0} \frac{f(x+h) - f(x)}{h}`],
      ['wrong', r`\frac{df}{dx} = \lim_{h \to 0} \frac{f(x+h) - f(x)}{2h}`],
      ['holds', r`\frac{df}{dx} \approx \frac{f(x + \epsilon) - f(x - \epsilon)}{2\epsilon}`],
      ['wrong', r`\frac{df}{dx} \approx \frac{f(x + \epsilon) - f(x - \epsilon)}{\epsilon}`],
      ['holds', r`f(x + \epsilon) \approx f(x) + \epsilon f'(x)`],
      ['wrong', r`f(x + \epsilon) \approx f(x) - \epsilon f'(x)`],
      ['holds', r`f(x + \epsilon) = f(x) + \epsilon f'(x) + \mathcal{O}(\epsilon^2)`],
      ['wrong', r`f(x + \epsilon) = f(x) + \epsilon f'(x) + \mathcal{O}(\epsilon^3)`],
      ['not understood', r`f(x) \approx 3x`],
    ],
  },
  'increments of a vector': {
    before: '',
    formulas: [
      [
        'holds',
        r`L(\mathbf{w} + \mathbf{v}) \approx L(\mathbf{w}) + \mathbf{v} \cdot \nabla_{\mathbf{w}} L(\mathbf{w})`,
      ],
      [
        'wrong',
        r`L(\mathbf{w} + \mathbf{v}) \approx L(\mathbf{w}) + 2 \mathbf{v} \cdot \nabla_{\mathbf{w}} L(\mathbf{w})`,
      ],
    ],
  },
  'the distance from a point': {
    before: '',
    formulas: [
      ['holds', r`L(\mathbf{w}) \approx L(\mathbf{w}_0) + \nabla L(\mathbf{w}_0)^\top (\mathbf{w} - \mathbf{w}_0)`],
    ],
  },
  integrals: {
    before: r`Let $F(x) = \int_0^x \cos(y) \, dy$ and $u(x) = x^2$.`,
    formulas: [
      ['holds', r`\frac{dF}{dx} = \cos(x)`],
      ['wrong', r`\frac{dF}{dx} = \sin(x)`],
      ['holds', r`\frac{d}{dx} \int_0^{u(x)} \cos(y) \; dy = \cos(x^2) \cdot 2x`],
      ['holds', r`\int_0^{u(x)} \cos(y) \; dy = \int_0^x \cos(u(y)) \frac{du}{dy}(y) \; dy`],
      ['wrong', r`\int_0^{u(x)} \cos(y) \; dy = \int_0^x \cos(u(y)) \; dy`],
    ],
  },
  inequalities: {
    before: r`Let $R = \|A x\|^2$ and $g = \frac{\partial R}{\partial x}$.`,
    formulas: [
      ['holds', r`g^\top g = \|g\|^2 \ge 0`],
      ['holds', r`x^\top \frac{\partial R}{\partial x} \ge 0`],
      ['wrong', r`x^\top \frac{\partial R}{\partial x} < 0`],
      ['conditional', r`\frac{\partial R}{\partial x_1} > 0`],
      ['holds', r`\frac{\partial R}{\partial x} \ne A^\top A x`],
    ],
  },
  'means over an index': {
    before: r`Let $f(x) = \frac{1}{n} \sum_{i=1}^n (x - a_i)^2$.`,
    formulas: [
      ['holds', r`\nabla f = 2 \mathbb{E}_i (x - a_i) = \frac{2}{n} \sum_{i=1}^n (x - a_i)`],
      ['wrong', r`\nabla f = 2n \mathbb{E}_i (x - a_i)`],
    ],
  },
};

test.each(Object.entries(cases))('%s', (_, { before, formulas }) => {
  const page = `${before}\n\n${formulas.map(([, formula]) => `$$${formula}$$`).join('\n\n')}\n`;
  const results = verifyPage(page, { name: 'page.md', mend: false, budget: 60_000 }).formulas.slice(-formulas.length);
  expect(results.map(({ verdict }, i) => [verdict, formulas[i]![1]])).toEqual(formulas);
});

test('functions over an index, and functions of single layers', () => {
  const formulas = [
    ['holds', r`\frac{\partial}{\partial z_i} \operatorname{logsumexp}_j z_j = \operatorname{softmax}(z)_i`],
    ['wrong', r`\frac{\partial}{\partial z_i} \operatorname{logsumexp}_j 2 z_j = \operatorname{softmax}(z)_i`],
    ['holds', r`s_1(a) = \tanh(a)`],
    ['holds', r`s_2(a) = \operatorname{relu}(a)`],
    ['holds', r`s_2'(a) = [a > 0]`],
    ['wrong', r`s_1'(a) = [a > 0]`],
  ];
  const page = formulas.map(([, formula]) => `$$${formula}$$`).join('\n\n');
  const results = verifyPage(page, { name: 'page.md', mend: false, budget: 60_000 }).formulas;
  expect(results.map(({ verdict }, i) => [verdict, formulas[i]![1]])).toEqual(formulas);
});
