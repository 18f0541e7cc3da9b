/** Pages that write out, repeat, change or contradict the definitions of their letters. */

import { describe, expect, test } from 'vitest';
import { type Cases, last, testCases } from './cases.ts';

const cases: Readonly<Record<string, Cases>> = {
  'a vector that is written out by its elements': {
    before: String.raw`Let $\mathbf{u} = [u_1, u_2, u_3]^\top$ and $g(\mathbf{u}) = u_1^2 + 3 u_2 u_3$.`,
    right: [
      String.raw`\nabla g(\mathbf{u}) = [2 u_1, 3 u_3, 3 u_2]^\top`,
      String.raw`\frac{\partial g}{\partial u_2} = 3 u_3`,
    ],
    wrong: [
      String.raw`\nabla g(\mathbf{u}) = [2 u_1, 3 u_2, 3 u_3]^\top`,
      String.raw`\nabla g(\mathbf{u}) = [2 u_1, 3 u_3]^\top`,
    ],
  },
  'arrays that are written out with dots': {
    before: String.raw`$$c = \begin{pmatrix} c_1 \\ \vdots \\ c_p \end{pmatrix}, \quad
      M = \begin{pmatrix} M_{11} & M_{12} \\ M_{21} & M_{22} \\ M_{31} & M_{32} \end{pmatrix}, \quad q = M c, \quad E = q^\top q$$`,
    right: [
      String.raw`\frac{\partial E}{\partial c} = 2 M^\top q`,
      String.raw`\frac{\partial E}{\partial M} = 2 q c^\top`,
      String.raw`\frac{\partial E}{\partial c_1} = 2 (M_{11} q_1 + M_{21} q_2 + M_{31} q_3)`,
    ],
    wrong: [
      String.raw`\frac{\partial E}{\partial c} = 2 M q`,
      String.raw`\frac{\partial E}{\partial M} = 2 c q^\top`,
      String.raw`\frac{\partial E}{\partial c_1} = 2 (M_{11} q_1 + M_{21} q_2)`,
    ],
  },
  'updates of an iterative method, with momentum': {
    before: String.raw`Let $J(\theta) = \sum_i (\theta^\top a_i - b_i)^2$. We iterate $g_k = \nabla_\theta J(\theta_k)$,
      $m_{k+1} = \mu m_k + g_k$ and $\theta_{k+1} = \theta_k - \alpha m_{k+1}$.`,
    right: [
      String.raw`\nabla_\theta J(\theta) = 2 \sum_i (\theta^\top a_i - b_i) a_i`,
      String.raw`\theta_{k+1} = \theta_k - \alpha \nabla_\theta J(\theta_k)`,
      String.raw`\theta_{k+1} = \theta_k - \alpha (\nabla_\theta J(\theta_k) + \rho \theta_k) = (1 - \alpha \rho) \theta_k - \alpha \nabla_\theta J(\theta_k)`,
    ],
    wrong: [
      String.raw`\nabla_\theta J(\theta) = \sum_i (\theta^\top a_i - b_i) a_i`,
      String.raw`\theta_{k+1} = \theta_k - \alpha (\nabla_\theta J(\theta_k) + \rho \theta_k) = (1 + \alpha \rho) \theta_k - \alpha \nabla_\theta J(\theta_k)`,
    ],
  },
  'a letter that is a function elsewhere': {
    before: String.raw`A density is $p(x) = e^{-x^2}$. The class probabilities are $p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$.`,
    right: [
      String.raw`\frac{\partial p_i}{\partial z_j} = p_i (\delta_{ij} - p_j)`,
      String.raw`\frac{\partial p_i}{\partial z_i} = p_i (1 - p_i)`,
    ],
    wrong: [
      String.raw`\frac{\partial p_i}{\partial z_j} = p_i (\delta_{ij} + p_j)`,
      String.raw`\frac{\partial p_i}{\partial z_i} = p_i (1 - 2 p_i)`,
    ],
  },
  'a property that Chinese prose states': {
    before: '设 $E = v^\\top K v$（$K$ 对称），则',
    right: [String.raw`\frac{\partial E}{\partial v} = 2 K v`],
    wrong: [String.raw`\frac{\partial E}{\partial v} = K v`],
  },
};

testCases(cases);

test('a property that Chinese prose denies is not assumed', () => {
  expect(last(String.raw`设 $E = v^\top K v$（$K$ 不对称），则 $\frac{\partial E}{\partial v} = 2 K v$`)).not.toBe(
    'holds',
  );
});

describe('a formula that need not mean what it seems to', () => {
  test.each([
    ['gives a letter another value', '$E = x^2 + y^2$.\n\nNow let $E = x^2 y^2$'],
    ['gives a function another value', '$g(x) = x^2$.\n\nLater, $g(u) = u^3$'],
    ['explains a letter', String.raw`$c = a^\top b$, $r = \|a\| \|b\|$, and $a^\top b = r \cos \omega$`],
    ['compares derivatives that are 0 as read', String.raw`$g(x) = 5$. $\eta (g'(x))^2 > 0$`],
  ])('is not called wrong if it %s', (_, page) => {
    expect(last(page)).not.toBe('wrong');
  });

  test('is a condition if it sets a derivative by an element to 0', () => {
    expect(last(String.raw`$q = v^\top v$. At the optimum, $\partial q / \partial u_1^2 = 0$`)).not.toBe('holds');
  });

  test('is a condition if it compares free letters with a number', () => {
    expect(last(String.raw`$|1 - 2 \eta| > 9$`)).toBe('conditional');
  });

  test('is wrong if it follows from definitions that are given once', () => {
    expect(last(String.raw`$E = x^2 + y^2$. Then $2 E + 1 = 2 x^2 + y^2 + 1$`)).toBe('wrong');
  });
});

describe('a loss that is a function with a name of its own', () => {
  const before = String.raw`$Z = X W$, $L = \operatorname{HingeCost}(Z, y)$.`;

  test('is not known, so a formula that needs it is not called wrong', () => {
    expect(last(`${before} $\\frac{\\partial L}{\\partial Z} = P - Y$`)).toBe('not understood');
  });

  test('is arbitrary in formulas that hold for every loss', () => {
    expect(last(`${before} $\\frac{\\partial L}{\\partial W} = X^\\top \\frac{\\partial L}{\\partial Z}$`)).toBe(
      'holds',
    );
  });
});
