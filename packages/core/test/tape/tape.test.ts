/** Recording, sweeps, and the errors of sweeps. */

import {
  type Gradients,
  noGrad,
  ones,
  parameter,
  Random,
  TapeError,
  type Tensor,
  type TensorOptions,
  tensor,
  zeros,
} from '@tapegrad/core';
import { type Entry, tapeOf } from '@tapegrad/core/tape';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../close.ts';

const wanted: TensorOptions = { dtype: 'float64', requiresGrad: true };
const scalar = (value: number): Tensor<readonly []> => tensor(value, wanted);
const vector = (...values: number[]): Tensor<readonly [number]> => tensor(new Float64Array(values), wanted);

/** Differentiates a scalar function `order` times, recording each sweep. */
function derivative(f: (x: Tensor) => Tensor, x: Tensor, order: number): Tensor {
  let y = f(x);
  for (let i = 0; i < order; i++) y = y.backward({ createGraph: true }).of(x);
  return y;
}

describe('recording', () => {
  test('starts where a tensor requires a gradient', () => {
    const x = ones([2]);
    expect(x.mul(x).entry).toBeUndefined();
    const w = parameter(ones([2]));
    expect(tapeOf(x.add(x).mul(w).sum()).map(({ op }) => op)).toEqual(['mul', 'sum', 'reshape']);
  });

  test('keeps op, inputs, output and plain data in order of execution', () => {
    const w = parameter(ones([2, 3]), { name: 'w' });
    const y = w.permute([1, 0]).exp();
    const [permute, exp] = tapeOf<Tensor>(y) as [Entry<Tensor>, Entry<Tensor>];
    expect(permute).toMatchObject({ op: 'permute', inputs: [w], attributes: [1, 0] });
    expect(exp).toMatchObject({ op: 'exp', inputs: [permute.output], output: y });
    expect(permute.id).toBeLessThan(exp.id);
  });

  test('stops at what has no derivative', () => {
    const x = vector(1, -2);
    for (const y of [x.sign(), x.less(0), x.argmax(0), x.cast('int32'), x.detach(), x.equal(x)]) {
      expect(y.requiresGrad).toBe(false);
      expect(y.entry).toBeUndefined();
    }
  });

  test('goes through a change of dtype', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const gradient = x
      .cast('float64')
      .mul(tensor([3, 4], { dtype: 'float64' }))
      .sum()
      .backward()
      .of(x);
    expect(gradient.dtype).toBe('float32');
    expect(gradient.toArray()).toEqual([3, 4]);
  });

  test('noGrad records nothing, and gives back what was before even where it throws', () => {
    const x = vector(1, 2);
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
    expect(noGrad(() => noGrad(() => 1) + (x.mul(2).requiresGrad ? 1 : 0))).toBe(1);
    expect(() =>
      noGrad(() => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(x.mul(2).requiresGrad).toBe(true);
  });

  test('createGraph records the sweep even where nothing else is recorded', () => {
    const x = scalar(3);
    const y = x.mul(x).mul(x);
    const dx = noGrad(() => y.backward({ createGraph: true })).of(x);
    expect(dx.backward().of(x).item()).toBe(18);
  });

  test('detach holds a factor constant', () => {
    const x = scalar(3);
    expect(x.mul(x.detach()).backward().of(x).item()).toBe(3);
  });

  test('a detached parameter does not change with it', () => {
    const w = parameter(ones([2]));
    const before = w.detach();
    w.assign(zeros([2]));
    expect(before.toArray()).toEqual([1, 1]);
  });
});

describe('sums of cotangents', () => {
  test('a tensor used twice by one operation', () => {
    const x = vector(1, 2, 3);
    expect(x.mul(x).sum().backward().of(x).toArray()).toEqual([2, 4, 6]);
    expect(x.sub(x).sum().backward().of(x).toArray()).toEqual([0, 0, 0]);
  });

  test('a diamond: two ways from the loss to the input', () => {
    const x = scalar(2);
    const a = x.mul(3);
    const b = x.mul(x);
    expect(a.mul(b).add(b).backward().of(x).item()).toBe(9 * 4 + 4);
  });

  test('a chain of diamonds has as many ways as a power of two, and one visit an entry', () => {
    const x = scalar(1);
    let y: Tensor = x;
    for (let i = 0; i < 60; i++) y = y.add(y);
    expect(y.backward().of(x).item()).toBe(2 ** 60);
  });

  test('a shared expression', () => {
    const x = scalar(0.5);
    const e = x.exp();
    const value = Math.exp(0.5);
    expectClose(e.mul(e).add(e.log()).backward().of(x), [2 * value * value + 1]);
  });

  test('a set is wanted like a list', () => {
    const [x, z] = [vector(1, 2), vector(3, 4)];
    const y = x.mul(z).sum();
    const gradients = y.backward({ wanted: new Set([x]), retainGraph: true });
    expect([gradients.has(x), gradients.has(z)]).toEqual([true, false]);
    const constant = x.detach();
    expect(() => y.backward({ wanted: new Set([constant]) })).toThrow('does not require a gradient');
    expect(() => y.backward({ wanted: x as never })).toThrow('expected a list of wanted tensors');
  });

  test('the seed and the gradients that sums began with stay as they are', () => {
    const x = vector(1, 2);
    const seed = vector(5, 7).detach();
    const a = x.add(0);
    const y = a.add(a).add(a);
    const gradients = y.backward({ seed, wanted: [x, a, y] });
    expect(seed.toArray()).toEqual([5, 7]);
    expect(gradients.of(y).toArray()).toEqual([5, 7]);
    expect(gradients.of(a).toArray()).toEqual([15, 21]);
  });

  test('a broadcast input gets the sum over what it was stretched to', () => {
    const row = vector(1, 2, 3);
    const column = tensor(new Float64Array([1, 2]), { ...wanted, shape: [2, 1] });
    const gradients = row.mul(column).sum().backward();
    expect(gradients.of(row).toArray()).toEqual([3, 3, 3]);
    expect(gradients.of(column).toArray()).toEqual([[6], [6]]);
  });

  test('an input stretched to no elements gets zeros', () => {
    const x = vector(4);
    const gradient = x.broadcastTo([3, 0]).sum().backward().of(x);
    expect(gradient.toArray()).toEqual([0]);
  });
});

describe('what a sweep gives', () => {
  test('gradients of every parameter and input, and of nothing on the way', () => {
    const w = parameter(ones([2], wanted));
    const x = vector(3, 4);
    const h = w.mul(x);
    const gradients = h.sum().backward();
    expect(gradients.size).toBe(2);
    expect([...gradients].map(([of]) => of)).toEqual(expect.arrayContaining([w, x]));
    expect(gradients.has(h)).toBe(false);
  });

  test('what is wanted: results on the way, the loss itself, inputs', () => {
    const x = vector(1, 2);
    const h = x.mul(3);
    const loss = h.mul(h).sum();
    const gradients = loss.backward({ wanted: [h, loss] });
    expect(gradients.size).toBe(2);
    expect(gradients.of(h).toArray()).toEqual([6, 12]);
    expect(gradients.of(loss).item()).toBe(1);
  });

  test('a result on the way and what it was computed from', () => {
    const x = vector(1, 2);
    const h = x.mul(3);
    const gradients = h
      .mul(h)
      .add(x)
      .sum()
      .backward({ wanted: [x, h] });
    expect(gradients.of(h).toArray()).toEqual([6, 12]);
    expect(gradients.of(x).toArray()).toEqual([19, 37]);
  });

  test('an input that is its own loss', () => {
    const x = scalar(5);
    expect(x.backward().of(x).item()).toBe(1);
    expect(
      x
        .backward({ wanted: [x] })
        .of(x)
        .item(),
    ).toBe(1);
  });

  test('a vector-Jacobian product with a seed', () => {
    const x = vector(1, 2, 3);
    const seed = tensor(new Float64Array([1, 10, 100]));
    expect(x.mul(x).backward({ seed }).of(x).toArray()).toEqual([2, 40, 600]);
  });

  test('a loss of one element needs no seed, whatever its shape', () => {
    const x = vector(3);
    expect(x.mul(x).backward().of(x).toArray()).toEqual([6]);
  });

  test('a scalar function of nothing: gradients of no elements', () => {
    const x = tensor(new Float64Array([]), { ...wanted, shape: [2, 0] });
    expect(x.exp().sum().backward().of(x).shape).toEqual([2, 0]);
  });

  test('gradients that are plain tensors, recorded only if asked', () => {
    const x = scalar(2);
    expect(x.mul(x).backward().of(x).requiresGrad).toBe(false);
    expect(x.mul(x).backward({ createGraph: true }).of(x).requiresGrad).toBe(true);
    expect(x.mul(5).backward({ createGraph: true }).of(x).requiresGrad).toBe(false);
  });

  test('the sum of two, each tensor once, where one has none', () => {
    const [x, y] = [scalar(2), scalar(3)];
    const sum: Gradients = x.mul(y).backward().add(x.mul(4).backward());
    expect(sum.size).toBe(2);
    expect(sum.of(x).item()).toBe(7);
    expect(sum.of(y).item()).toBe(2);
  });

  test('times a number, and changed one by one', () => {
    const x = vector(1, 2);
    const gradients = x.mul(x).sum().backward();
    expect(gradients.scale(0.5).of(x).toArray()).toEqual([1, 2]);
    expect(
      gradients
        .map((gradient, of) => gradient.sub(of.detach()))
        .of(x)
        .toArray(),
    ).toEqual([1, 2]);
    expect(gradients.of(x).toArray()).toEqual([2, 4]);
  });
});

describe('once and more than once', () => {
  const consumed = /consumed at '(mul|sum|reshape|exp)' by an earlier backward pass; pass \{ retainGraph: true \}/;

  test('a tape is good for one sweep', () => {
    const x = vector(1, 2);
    const loss = x.mul(x).sum();
    loss.backward();
    expect(() => loss.backward()).toThrow(TapeError);
    expect(() => loss.backward()).toThrow(consumed);
  });

  test('a part of it that another loss shares is gone too', () => {
    const h = vector(1, 2).exp();
    const [first, second] = [h.sum(), h.mul(h).sum()];
    first.backward();
    expect(() => second.backward()).toThrow(consumed);
  });

  test('retainGraph keeps it', () => {
    const x = vector(1, 2);
    const loss = x.mul(x).sum();
    const first = loss.backward({ retainGraph: true }).of(x).toArray();
    expect(loss.backward().of(x).toArray()).toEqual(first);
    expect(() => loss.backward()).toThrow(consumed);
  });

  test('a sweep that throws leaves it as it was', () => {
    const x = vector(1, 2);
    const w = parameter(tensor(new Float64Array([3, 4])), { name: 'w' });
    const old = w.detach();
    const loss = x.mul(w).sum();
    w.update((elements) => elements.fill(0));
    expect(() => loss.backward()).toThrow(TapeError);
    expect(loss.entry!.consumed).toBe(false);
    w.assign(old);
    expect(() => loss.backward()).toThrow(/changed after the forward pass/);
    expect(loss.entry!.consumed).toBe(false);
  });
});

describe('derivatives of derivatives', () => {
  const closed: readonly [name: string, f: (x: Tensor) => Tensor, third: (x: number) => number][] = [
    ['exp', (x) => x.exp(), Math.exp],
    // (1 - y^2)' = -2 y y', so y'' = -2 y (1 - y^2) and y''' = -2 (1 - y^2) (1 - 3 y^2).
    ['tanh', (x) => x.tanh(), (x) => -2 * (1 - Math.tanh(x) ** 2) * (1 - 3 * Math.tanh(x) ** 2)],
    ['sin', (x) => x.sin(), (x) => -Math.cos(x)],
    ['log', (x) => x.log(), (x) => 2 / x ** 3],
    ['x^5', (x) => x.pow(5), (x) => 60 * x ** 2],
    ['1 / x', (x) => tensor(1, { dtype: 'float64' }).div(x), (x) => -6 / x ** 4],
  ];

  test.each(closed)('the third of %s', (_, f, third) => {
    for (const x of [0.3, 0.7, 2]) expectClose(derivative(f, scalar(x), 3), [third(x)]);
  });

  test('the sixth of a power', () => {
    expectClose(
      derivative((x) => x.pow(6), scalar(1.5), 6),
      [720],
    );
  });

  test('mixed ones are symmetric', () => {
    const [x, y] = [scalar(0.4), scalar(-0.8)];
    const f = () => x.mul(y).sin().mul(y.exp()).backward({ createGraph: true });
    const xy = f().of(x).backward().of(y).item();
    expectClose(f().of(y).backward().of(x), [xy]);
  });

  test('a seed is differentiated too', () => {
    const [x, seed] = [vector(1, 2), vector(3, 5)];
    const product = x.mul(x).backward({ seed, createGraph: true }).of(x);
    expect(product.sum().backward().of(seed).toArray()).toEqual([2, 4]);
  });
});

describe('long tapes', () => {
  test('100,000 entries in a row', () => {
    const x = scalar(0);
    let y: Tensor = x;
    for (let i = 0; i < 100_000; i++) y = y.add(1);
    expect(tapeOf(y)).toHaveLength(100_000);
    expect(y.backward().of(x).item()).toBe(1);
    expect(y.item()).toBe(100_000);
  });

  test('100,000 entries side by side', () => {
    const x = scalar(2);
    const row = Array.from({ length: 50_000 }, (_, i) => x.mul(i));
    let y = row[0]!;
    for (const term of row.slice(1)) y = y.add(term);
    expect(y.backward().of(x).item()).toBe((50_000 * 49_999) / 2);
  });

  test('the second derivative through 10,000 entries', () => {
    const x = scalar(0.001);
    let y: Tensor = x.mul(x);
    for (let i = 0; i < 10_000; i++) y = y.add(x.mul(x));
    const slope = y.backward({ createGraph: true }).of(x);
    expectClose(slope.backward().of(x), [2 * 10_001]);
  });
});

test('a network sweeps like the formulas of backpropagation', () => {
  const random = new Random(1);
  const normal = <const S extends readonly number[]>(shape: S) => random.normal(shape, { dtype: 'float64' });
  const [x, target] = [normal([5, 3]), normal([5, 2])];
  const w1 = parameter(normal([3, 4]));
  const w2 = parameter(normal([4, 2]));
  const z1 = x.matmul(w1).tanh();
  const a2 = z1.matmul(w2);
  const gradients = a2.sub(target).pow(2).sum().mul(0.5).backward();

  const delta2 = a2.detach().sub(target);
  const slope = tensor(1, { dtype: 'float64' }).sub(z1.detach().mul(z1.detach()));
  const delta1 = delta2.matmul(w2.detach().transpose()).mul(slope);
  expectClose(gradients.of(w2), [...z1.detach().transpose().matmul(delta2).data]);
  expectClose(gradients.of(w1), [...x.transpose().matmul(delta1).data]);
});
