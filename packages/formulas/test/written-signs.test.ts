/** Signs as people write them: primes, ∂W, typed signs, elements in small letters, sums that are left out. */

import { verifyPage } from '@tapegrad/formulas';
import { describe, expect, test } from 'vitest';

const verdicts = (page: string, kind = 'claim'): string[] =>
  verifyPage(page, { name: 'page.md', mend: false, budget: 60_000 })
    .formulas.filter((formula) => formula.kind === kind)
    .map(({ verdict }) => verdict);

describe('primes', () => {
  test('on an array, and on a vector before a factor, are transposes', () => {
    const page = String.raw`$(M N)' = N' M'$, $(M N)' = M' N'$, $\nabla_X \operatorname{tr}(X'X) = 2X$,
      $\nabla_u u'Mu = (M + M')u$, $\nabla_u u'Mu = 2Mu$`;
    expect(verdicts(page)).toEqual(['holds', 'wrong', 'holds', 'holds', 'wrong']);
  });

  test('make a letter of its own if the page defines or differentiates it', () => {
    const page = String.raw`$s = c_1 x$, $a = \sigma(s)$, $s' = c_2 a$, $s'' = c_3 a$.
      $\frac{\partial s'}{\partial a} = c_2$, $\frac{\partial s''}{\partial a} = c_3$, $\frac{\partial s'}{\partial a} = c_3$, $\frac{\partial s}{\partial x} = c_1$`;
    expect(verdicts(page, 'definition')).toEqual(['holds', 'holds', 'holds', 'holds']);
    expect(verdicts(page)).toEqual(['holds', 'holds', 'wrong', 'holds']);
  });

  test('on a function, or on an expression with one variable, are derivatives', () => {
    const page = String.raw`$q(t) = t^3$ has $q' = 3 t^2$, $q'' = 6 t$, $q' = t^2$, $q^{'}(t) = 3 t^2$. $(t e^t)' = (1 + t) e^t$, $(t^2)' = t^2$`;
    expect(verdicts(page)).toEqual(['holds', 'holds', 'wrong', 'holds', 'holds', 'wrong']);
  });

  test('on a product of two variables are not guessed', () => {
    expect(verdicts("$(u v)' = u' v + u v'$")).toEqual(['not understood']);
  });
});

describe('∂ alone', () => {
  const page = '$y_{11} = v_{11} x_{11} + v_{12} x_{12}$, $y_{12} = v_{11} x_{12} + v_{12} x_{13}$.';

  test('denotes the derivative of the loss', () => {
    const claims = String.raw`$\frac{\partial L}{\partial v_{11}} = \frac{\partial L}{\partial y_{11}} x_{11} + \frac{\partial L}{\partial y_{12}} x_{12}$

      $\partial v_{11} = \partial y_{11} x_{11} + \partial y_{12} x_{12}$

      $\partial v_{12} = \partial y_{11} x_{12} + \partial y_{12} x_{13}$

      $\partial v_{12} = \partial y_{11} x_{12} + \partial y_{12} x_{12}$`;
    expect(verdicts(`${page}\n\n${claims}`)).toEqual(['holds', 'holds', 'holds', 'wrong']);
  });

  test('is not read where it denotes a change', () => {
    const page = String.raw`$\partial (X Y) = (\partial X) Y + X \partial Y$, $\partial X = 2 X$`;
    expect(verdicts(page)).toEqual(['not understood', 'not understood']);
  });
});

test('a factor may stand before the variable of a derivative', () => {
  const page = String.raw`$L = \frac1n \sum_{i=1}^n r(u_i, c_i)$. $\frac{\partial L}{\partial u_i} = \frac{\partial r(u_i, c_i)}{n \cdot \partial u_i} \in \mathbb{R}$,
    $\frac{\partial L}{\partial u_i} = \frac{\partial r(u_i, c_i)}{\partial u_i}$`;
  expect(verdicts(page)).toEqual(['holds', 'wrong']);
});

test('a claim may end with the space of its sides', () => {
  const page = String.raw`$L = \frac12 \|u\|^2$, $\frac{\partial L}{\partial u} = u \in \mathbb{R}^n$, $\frac{\partial L}{\partial u} = 2 u \in \mathbb{R}^n$`;
  expect(verdicts(page)).toEqual(['holds', 'wrong']);
});

test('signs may be typed, full-width or entities of HTML', () => {
  expect(verdicts(String.raw`$y == 3 x => \frac{dy}{dx} == 3$`)).toEqual(['holds']);
  expect(verdicts(String.raw`$\frac{d}{dx} （x^2 ＋ x）= 2 x ＋ 1，$`)).toEqual(['holds']);
  expect(verdicts(String.raw`$\frac{d}{dx}&space;(x^2&plus;x)&space;=&space;2x&plus;1$`)).toEqual(['holds']);
  expect(verdicts('$x^2 + 1 >= 1$, $x^2 <= -1$')).toEqual(['holds', 'conditional']);
});

describe('elements in small letters', () => {
  test('belong to the matrix with the capital letter', () => {
    const page = String.raw`$\frac{d}{dh_{ab}} \|\mathbf{Q} - \mathbf{G}\mathbf{H}\|_F^2 = -2 \sum_i (q_{ib} - \sum_k g_{ik} h_{kb}) g_{ia}$

      $\frac{d}{dh_{ab}} \|\mathbf{Q} - \mathbf{G}\mathbf{H}\|_F^2 = -2 [\mathbf{G}^\top (\mathbf{Q} - \mathbf{G}\mathbf{H})]_{ab}$

      $\frac{d}{dh_{ab}} \|\mathbf{Q} - \mathbf{G}\mathbf{H}\|_F^2 = -2 \sum_i (q_{ib} - \sum_k g_{ik} h_{kb}) g_{ai}$`;
    expect(verdicts(page)).toEqual(['holds', 'holds', 'wrong']);
  });

  test('are other letters if the page defines them', () => {
    const page = String.raw`$m_{ij} = u_i v_j$, $z = M u$, $\frac{\partial m_{ij}}{\partial u_i} = v_j$`;
    expect(verdicts(page)).toEqual(['holds']);
  });
});

describe("Einstein's convention", () => {
  const before = "We use Einstein's summation convention.";

  test('leaves out sums over repeated indices', () => {
    const claims = String.raw`$\mathbf{u}^\top M \mathbf{u} = u_i m_{ij} u_j$

      $\frac{d}{du_k} u_i m_{ij} u_j = m_{kj} u_j + u_i m_{ik}$

      $\frac{d}{du_k} u_i m_{ij} u_j = (m_{ki} + m_{ik}) u_i = [(M + M^\top) \mathbf{u}]_k$

      $\frac{d}{du_k} u_i m_{ij} u_j = 2 m_{ki} u_i$`;
    expect(verdicts(`${before}\n\n${claims}`)).toEqual(['holds', 'holds', 'holds', 'wrong']);
  });

  test('does not apply to indices that are free, nor on other pages', () => {
    const page = String.raw`$p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$, $\frac{\partial p_i}{\partial z_i} = p_i (1 - p_i)$`;
    expect(verdicts(`${before} ${page}`)).toEqual(['holds']);
    expect(verdicts(String.raw`$\frac{d}{du_k} u_i m_{ij} u_j = m_{kj} u_j + u_i m_{ik}$`)).not.toEqual(['holds']);
  });
});
