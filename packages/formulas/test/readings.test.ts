/** Letters whose meaning has to be found out: names of derivatives, powers beside indices, elements, means of members. */

import { verifyPage } from '@tapegrad/formulas';
import { expect, test } from 'vitest';

const verdicts = (page: string): string[] =>
  verifyPage(page, { name: 'page.md', mend: false, budget: 60_000 })
    .formulas.filter(({ kind }) => kind === 'claim')
    .map(({ verdict }) => verdict);

test('a word with several arguments is a function', () => {
  const page = String.raw`$H = X V + b$, $A = \tanh(H)$, $Z = A W$, $L = \text{ClassLoss}(Z, y)$.

    $G_Z = \frac{\partial L}{\partial Z}$, $\frac{\partial L}{\partial W} = A^\top G_Z$, $\frac{\partial L}{\partial W} = G_Z A^\top$`;
  expect(verdicts(page)).toEqual(['holds', 'wrong']);
});

test('a letter that is labelled like a derivative of the page is one', () => {
  const page = String.raw`$H = X V$, $A = \tanh(H)$, $Z = A W$, $G_Z = \frac{\partial L}{\partial Z}$.

    $\frac{\partial L}{\partial V} = X^\top (G_A \odot (1 - A \odot A))$, $\frac{\partial L}{\partial V} = X^\top (G_A \odot A)$`;
  expect(verdicts(page)).toEqual(['holds', 'wrong']);
});

test('a function may be the mean of its members', () => {
  const page = String.raw`$$F(\mathbf{u}) = \frac{1}{m} \sum_{j = 1}^m F_j(\mathbf{u})$$

    $\nabla F(\mathbf{u}) = \frac{1}{m} \sum_{j = 1}^m \nabla F_j(\mathbf{u})$, $\nabla F(\mathbf{u}) = \sum_{j = 1}^m \nabla F_j(\mathbf{u})$`;
  expect(verdicts(page)).toEqual(['holds', 'wrong']);
});

test('a number is a power of a letter whose steps are in brackets', () => {
  const page = String.raw`$R(u) = u^3$, $u^{(k)}$ is step $k$, $d^{(k)} = u^{(k)} - u^{(k-1)}$. $\frac{dR}{du} = 3 u^2$, $\frac{dR}{du} = 3 u$`;
  expect(verdicts(page)).toEqual(['holds', 'wrong']);
});

test('a letter that only other sections define is arbitrary', () => {
  const page = String.raw`$f = \mathbf{u}^\top \mathbf{M} \mathbf{u}$ has $\nabla_{\mathbf{u}} f = (\mathbf{M} + \mathbf{M}^\top) \mathbf{u}$.

# Steps

    $M_k = \sum_{i=1}^{k} s_i p_i q_i^\top$, $\mathbf{u}_{t+1} = \mathbf{u}_t - \eta \nabla f(\mathbf{u}_t)$`;
  expect(verdicts(page)[0]).toBe('holds');
});

test('elements of a batch, with a square that is defined for each column', () => {
  const page = String.raw`With $m_c = \frac{1}{B} \sum_{b=1}^{B} a_{bc}$ and $v_c^2 = \frac{1}{B} \sum_{b=1}^{B} (a_{bc} - m_c)^2$:

    $\frac{\partial v_c^2}{\partial a_{ij}} = \frac{2}{B} (a_{ic} - m_c) \delta_{c,j}$, $\frac{\partial v_c^2}{\partial a_{ij}} = \frac{2}{B} (a_{ic} - m_c)$`;
  const [right, wrong] = verdicts(page);
  expect(right).toBe('holds');
  expect(wrong).not.toBe('holds');
});

test('a loss is computed from the last elements only', () => {
  const page = String.raw`$q_{pr} = a_{pr}^2$, $u_{pr} = q_{pr} s_r$.

    $\frac{\partial L}{\partial a_{ij}} = 2 a_{ij} s_j \frac{\partial L}{\partial u_{ij}}$, $\frac{\partial L}{\partial a_{ij}} = 2 a_{ij} s_i \frac{\partial L}{\partial u_{ij}}$`;
  const [right, wrong] = verdicts(page);
  expect(right).toBe('holds');
  expect(wrong).not.toBe('holds');
});

test('definitions of elements that follow a formula count more than those of arrays before it', () => {
  const page = String.raw`$y = w + x$. $\frac{\partial y_{pq}}{\partial x_{pq}} = w_q$ where $y_{pq} = w_q x_{pq}$.`;
  expect(verdicts(page)[0]).toBe('holds');
});

test('an order of magnitude alone is not judged', () => {
  const page = String.raw`$f(x) = \frac{1}{2} x^2$. $\frac{d}{dx} f(x + h) = \mathcal{O}(h)$`;
  expect(verdicts(page)).toEqual(['not understood']);
});

test('a partial derivative of a recurrence fixes the other arguments', () => {
  const page = String.raw`$s_t = f(u_t, s_{t-1}, w)$.

    $\frac{\partial s_t}{\partial w} = \frac{\partial f(u_t, s_{t-1}, w)}{\partial w} + \frac{\partial f(u_t, s_{t-1}, w)}{\partial s_{t-1}} \frac{\partial s_{t-1}}{\partial w}$,
    $\frac{\partial s_t}{\partial w} = \frac{\partial f(u_t, s_{t-1}, w)}{\partial w}$`;
  expect(verdicts(page)).toEqual(['holds', 'wrong']);
});

test('a loss may name what it depends on, with dots', () => {
  const page = String.raw`$o_t = g(x_t, v)$, $L(x_1, \ldots, x_T, v) = \frac{1}{T} \sum_{t=1}^T l(y_t, o_t)$.

    $\frac{\partial L}{\partial v} = \frac{1}{T} \sum_{t=1}^T \frac{\partial l(y_t, o_t)}{\partial o_t} \frac{\partial o_t}{\partial v}$,
    $\frac{\partial L}{\partial v} = \sum_{t=1}^T \frac{\partial l(y_t, o_t)}{\partial o_t} \frac{\partial o_t}{\partial v}$`;
  expect(verdicts(page)).toEqual(['holds', 'wrong']);
});

test('numbered weights are weights, not rows of a declared one', () => {
  const page = String.raw`$\mathbf W \in \mathbb{R}^{m \times k}$. $\mathbf{a} = \mathbf{W}_1 \mathbf{x}$, $\mathbf{o} = \mathbf{W}_2 \mathbf{a}$.

    $\frac{\partial L}{\partial \mathbf W_2} = \frac{\partial L}{\partial \mathbf{o}} \mathbf a^\top$, $\frac{\partial L}{\partial \mathbf W_2} = \frac{\partial L}{\partial \mathbf{o}} \mathbf x^\top$`;
  const [right, wrong] = verdicts(page);
  expect(right).toBe('holds');
  expect(wrong).not.toBe('holds');
});

test('a Delta before a letter is its change', () => {
  const page = String.raw`$R(u) = u^2$, $\Delta u = -a \nabla_u R$. $\Delta u = -2 a u$, $\Delta u = -a u$`;
  expect(verdicts(page)).toEqual(['holds', 'wrong']);
});

test('an index d is no differential', () => {
  const page = String.raw`$y_{ij} = x_{i1} w_{1j} + x_{i2} w_{2j} + \ldots + x_{id} w_{dj}$, $dx = dy\, w^T$.

    $\frac{\partial y_{i1}}{\partial w_{11}} = x_{i1}$, $\frac{\partial y_{i1}}{\partial w_{11}} = x_{i2}$`;
  const [, right, wrong] = verdicts(page);
  expect(right).toBe('holds');
  expect(wrong).not.toBe('holds');
});

test('a formula for each element says more than y = f(x)', () => {
  const page = String.raw`$$y = f(x), \quad x \in \mathbb{R}^n, \quad y \in \mathbb{R}^m$$ $$y_i = \phi(x_i)$$ Here $g = h(f)$ and $f = 2$.

    $$\frac{\partial y}{\partial x} = \operatorname{diag}(\phi'(x_1), \ldots, \phi'(x_n))$$`;
  expect(verdicts(page).at(-1)).toBe('holds');
});

test('a formula whose derivatives are 0 as the page is understood is not judged', () => {
  const page = String.raw`$f = a^2 + v$, $q = a^3$, $r = a^4$. $\frac{\partial q}{\partial v} = 2 \frac{\partial r}{\partial v}$`;
  expect(verdicts(page)).toEqual(['not understood']);
});
