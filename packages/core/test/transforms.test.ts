/** Functions made of functions: what they give, and that they nest. */

import { grad, hvp, jvp, noGrad, parameter, type Tensor, tensor, valueAndGrad } from '@tapegrad/core';
import { expect, expectTypeOf, test } from 'vitest';
import { expectClose } from './close.ts';

const s = (x: number) => tensor(x, { dtype: 'float64' });
const v = (...x: number[]) => tensor(new Float64Array(x));
type T0 = Tensor<readonly []>;

test('third derivatives', () => {
  const d3 = grad(grad(grad((x: T0) => x.tanh())));
  const t = Math.tanh(0.7);
  const sech2 = 1 - t * t;
  expectClose(d3(s(0.7)), [-2 * sech2 * (1 - 3 * t * t)]);
  expectClose(grad(grad(grad((x: T0) => x.exp())))(s(0.7)), [Math.exp(0.7)]);
});
test('perturbation confusion', () => {
  const d = grad((x: T0) => x.mul(grad((y: T0) => x.add(y))(s(1))));
  expectClose(d(s(1)), [1]);
  const dj = grad((x: T0) => x.mul(jvp((y: T0) => x.add(y), [s(1)], [s(1)])[1]));
  expectClose(dj(s(1)), [1]);
  expectClose(jvp((x: T0) => x.mul(jvp((y: T0) => x.add(y), [s(1)], [s(1)])[1]), [s(1)], [s(1)])[1], [1]);
});
test('gradient penalty', () => {
  const w = parameter(v(1, 2, 3));
  const f = (x: Tensor) => x.mul(w).tanh().sum();
  const x = v(0.1, 0.2, 0.3);
  const g = grad(f)(x);
  const loss = g.mul(g).sum();
  const G = loss.backward();
  expect(G.size).toBe(1);
  const explicit = (w: Tensor) => {
    const g = grad((x: Tensor) => x.mul(w).tanh().sum())(x);
    return g.mul(g).sum();
  };
  expectClose(grad(explicit)(w), [...G.of(w).data]);
  expect(noGrad(() => grad(f)(x)).requiresGrad).toBe(false);
});
test('trees', () => {
  const f = (p: { w: Tensor; layers: readonly { b: Tensor }[] }, x: Tensor) => p.w.mul(x).add(p.layers[0]!.b).sum();
  const g = grad(f)({ w: v(1, 2), layers: [{ b: v(1, 1) }, { b: v(1, 1) }] }, v(3, 4));
  expectClose(g.w, [3, 4]);
  expectClose(g.layers[1]!.b, [0, 0]);
  const [a, b] = grad(f, { argument: [1, 0] })({ w: v(1, 2), layers: [{ b: v(1, 1) }] }, v(3, 4));
  expectClose(a, [1, 2]);
  expectClose(b.w, [3, 4]);
});
test('hvp, aux', () => {
  const f = (x: Tensor) => x.pow(3).sum();
  expectClose(hvp(f, [v(1, 2)], [v(1, 1)])[0], [6, 12]);
  const [[value, aux], g] = valueAndGrad(
    (x: Tensor<readonly [2]>) => [x.mul(x).sum(), { y: x.add(1), n: 3 }] as const,
    { hasAux: true },
  )(tensor([1, 2]));
  expect(value.item()).toBe(5);
  expect(aux.n).toBe(3);
  expect(aux.y.requiresGrad).toBe(false);
  expectClose(g, [2, 4]);
  expectTypeOf(g).toEqualTypeOf<Tensor<readonly [2]>>();
});
