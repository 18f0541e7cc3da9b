/** Functions as people write them: without arguments, with other arguments, at a point, with one element changed. */

import { verifyPage } from '@tapegrad/formulas';
import { describe, expect, test } from 'vitest';

const verdicts = (page: string): string[] =>
  verifyPage(page, { name: 'page.md', mend: false, budget: 60_000 })
    .formulas.filter(({ kind }) => kind === 'claim')
    .map(({ verdict }) => verdict);

test('a function that is differentiated without arguments is called in the same formula', () => {
  const page = String.raw`$\frac{dg}{dt} = \lim_{h \to 0} \frac{g(t + h) - g(t)}{h}$

    $\frac{dg}{dt} \approx \frac{g(t + h) - g(t - h)}{2h}$

    $\frac{dg}{dt} \approx \frac{g(t + h) - g(t - h)}{h}$`;
  expect(verdicts(page)).toEqual(['holds', 'holds', 'wrong']);
});

test('a function with a gradient is a number', () => {
  const page = String.raw`$\nabla g(\mathbf{u}) = \left[\frac{\partial g(\mathbf{u})}{\partial u_1}, \ldots, \frac{\partial g(\mathbf{u})}{\partial u_n}\right]^\top$

    $g(\mathbf{u} + \boldsymbol{\epsilon}) = g(\mathbf{u}) + \boldsymbol{\epsilon}^\top \nabla g(\mathbf{u}) + O(\|\boldsymbol{\epsilon}\|^2)$

    $g(\mathbf{u} + \boldsymbol{\epsilon}) = g(\mathbf{u}) - \boldsymbol{\epsilon}^\top \nabla g(\mathbf{u}) + O(\|\boldsymbol{\epsilon}\|^2)$`;
  expect(verdicts(page)).toEqual(['holds', 'holds', 'wrong']);
});

describe('a partial derivative', () => {
  test('is named by a parameter where the arguments are others', () => {
    const page = String.raw`$g(x, y) = x y^2$, $\frac{\partial g(a, b)}{\partial x} = b^2$, $\frac{\partial g(a, b)}{\partial y} = 2 a b$, $\frac{\partial g(a, b)}{\partial x} = 2 a b$`;
    expect(verdicts(page)).toEqual(['holds', 'holds', 'wrong']);
  });

  test('at the point of an approximation', () => {
    const at = (x: string, y: string): string =>
      String.raw`$r(x, y) \approx r(x_0, y_0) + \frac{\partial r(x_0, y_0)}{\partial ${x}} (x - x_0) + \frac{\partial r(x_0, y_0)}{\partial ${y}} (y - y_0)$`;
    expect(verdicts(at('x', 'y'))).toEqual(['holds']);
    expect(verdicts(at('y', 'x'))).toEqual(['wrong']);
  });

  test('of a composition is none', () => {
    const page = String.raw`$g(t) = t^2$, $s = 3 t$, $\frac{\partial g(s)}{\partial t} = 18 t$, $\frac{\partial g(s)}{\partial t} = 6 t$`;
    expect(verdicts(page)).toEqual(['holds', 'wrong']);
  });
});

test('one element of an argument may change', () => {
  const page = String.raw`$Y = X V$, $E = \sum_{i,j} Y_{i,j}^2$.

    $\frac{\partial E}{\partial V_{i,j}} \approx \frac{E(V_{i,j} + \epsilon) - E(V_{i,j} - \epsilon)}{2\epsilon}$

    $\frac{\partial E}{\partial V_{i,j}} \approx \frac{E(V_{i,j} + \epsilon) - E(V_{j,i} - \epsilon)}{2\epsilon}$`;
  expect(verdicts(page)).toEqual(['holds', 'wrong']);
  const unknown = String.raw`$\frac{\partial J}{\partial \theta_i} \approx \frac{J(\theta_i + \epsilon) - J(\theta_i - \epsilon)}{2\epsilon}$, $\frac{\partial J}{\partial \theta_i} \approx \frac{J(\theta_i + \epsilon) - J(\theta_i)}{2\epsilon}$`;
  expect(verdicts(unknown)).toEqual(['holds', 'wrong']);
});

test('a function with another number of arguments than its definition is another function', () => {
  const page = String.raw`$g(x, y) = x y$, $\frac{d}{dt} (t g(t)) = g(t) + t \frac{d}{dt} g(t)$, $\frac{d}{dt} (t g(t)) = g(t)$`;
  expect(verdicts(page)).toEqual(['holds', 'not understood']);
});

describe('what is not called wrong', () => {
  test('a chain that the page describes differently elsewhere', () => {
    const page = String.raw`# One

      $f = (a + b)^2$, $a = 2 y$, $b = 3 y$, $\frac{df}{dy} = 10 (a + b)$, $\frac{da}{dy} = 2$, $\frac{db}{dy} = 3$.

      # Two

      $\frac{df}{dy} = \frac{df}{da} \frac{da}{db} \frac{db}{dy}$`;
    expect(verdicts(page).at(-1)).not.toBe('wrong');
  });

  test('a list of values for letters that the page does not define', () => {
    const page = String.raw`$u = 2 x$, $v = 3 x$, $\begin{bmatrix} c_1 \\ c_2 \end{bmatrix} = -\eta \begin{bmatrix} u \\ v \end{bmatrix}$`;
    expect(verdicts(page)).not.toContain('wrong');
  });
});

test('a row may continue with a sign after a wide space', () => {
  const page = String.raw`$$\begin{aligned} \frac{d}{dt} (t^3 + t^2) & = 3 t^2 \\ & \quad + 2 t \\ & \quad + 0 \\ & = t (3 t + 2) \end{aligned}$$`;
  expect(verdicts(page)).toEqual(['holds']);
});
