/** gradcheck on trial itself: it must find planted mistakes, and nothing else. */

import { gradcheck, parameter, setInterpreter, type Tensor, tensor } from '@tapegrad/core';
import { plain } from '@tapegrad/kernels';
import { afterEach, describe, expect, test } from 'vitest';
import { restoreInterpreter } from './interpreters.ts';

const x = tensor([0.5, -1.5, 2], { dtype: 'float64' });
const y = tensor([[1], [-2]], { dtype: 'float64' });

describe('passes what is right', () => {
  const right: readonly (readonly [name: string, f: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]])[] = [
    ['a product', (a) => a.tanh().mul(a), [x]],
    ['several inputs that broadcast', (a, b) => a!.mul(b!).sin(), [x, y]],
    ['an input that is not used', (a) => a!.exp(), [x, y]],
    ['a constant', () => tensor(3, { dtype: 'float64' }), [x]],
    ['a linear function', (a) => a!.mul(3), [x]],
    ['a result of no elements', (a) => a!.slice(0, 0, 0), [x]],
    ['an input of no elements', (a) => a!.sum(), [tensor([], { dtype: 'float64' })]],
    ['a parameter beside its inputs', (a) => a!.mul(parameter(x)), [x]],
    ['an input that no gradient reaches, beside a parameter', (a) => a!.sign().mul(parameter(x)), [x]],
    ['a large gradient', (a) => a!.mul(1e6).mul(a!), [x]],
  ];

  test.each(right)('%s', (_, f, inputs) => {
    expect(gradcheck(f, inputs, { order: 2 })).toMatchObject({ passed: true });
  });
});

describe('finds what is wrong', () => {
  afterEach(restoreInterpreter);

  const wrong: readonly (readonly [name: string, f: (a: Tensor) => Tensor])[] = [
    ['a factor of the gradient that is lost', (a) => a.mul(a.detach())],
    ['a gradient that does not flow', (a) => a.detach().exp()],
    ['a gradient that is a little off', (a) => a.mul(1 + 1e-7).sub(a.detach().mul(1e-7))],
    ['a step that no gradient sees', (a) => a.greater(0.5).cast('float64').mul(a)],
    ['a kink', (a) => a.sub(0.5).abs().add(a.sub(0.5).relu())],
  ];

  test.each(wrong)('%s', (_, f) => {
    const report = gradcheck(f, [x]);
    expect(report.passed).toBe(false);
    expect(report.worst[0]!.error).toBeGreaterThan(report.tolerance);
  });

  test('a second derivative alone', () => {
    // Its first derivative is right: 2 x. The second one sees a constant.
    const f = (a: Tensor) => a.mul(a.detach()).mul(2).sub(a.detach().mul(a.detach()));
    const [first, second] = [gradcheck(f, [x]), gradcheck(f, [x], { order: 2 })];
    expect(first.passed).toBe(true);
    expect(second.passed).toBe(false);
    expect(second.worst[0]!.error).toBeLessThan(second.tolerance);
    expect(second.worst[1]!.error).toBeGreaterThan(second.tolerance);
  });

  test('a primitive that computes a wrong derivative, whichever input it is of', () => {
    setInterpreter({ ...plain, cos: (a) => plain.neg(plain.cos(a)) });
    const report = gradcheck((a, b) => a!.exp().mul(b!.sin()), [x, y]);
    expect(report.passed).toBe(false);
    expect(report.worst[0]!.input).toBe(1);
  });

  test('a NaN, though all that comes after it is right', () => {
    const f = (a: Tensor) =>
      a
        .mul(tensor([Number.NaN, 1, 1], { dtype: 'float64' }))
        .index(0)
        .mul(0)
        .add(a.sum());
    const report = gradcheck(f, [x]);
    expect(report.passed).toBe(false);
    expect(report.worst[0]!.error).toBeNaN();
    expect(gradcheck((a) => a.sqrt(), [tensor([0, 1], { dtype: 'float64' })]).passed).toBe(false);
  });
});

describe('reports', () => {
  test('the entry that is worst, with both slopes', () => {
    // Only the gradient of the last entry is wrong: 0 for 1.
    const f = (a: Tensor) => a.slice(0, 0, 2).sum().add(a.detach().index(2));
    const { worst, passed } = gradcheck(f, [x]);
    expect(passed).toBe(false);
    expect(worst[0]).toMatchObject({ input: 0, place: 2, analytic: 0 });
    expect(worst[0]!.error).toBeCloseTo(Math.abs(worst[0]!.numeric), 8);
  });

  test('one entry an order', () => {
    expect(gradcheck((a) => a.exp(), [x]).worst).toHaveLength(1);
    expect(gradcheck((a) => a.exp(), [x], { order: 2 }).worst).toHaveLength(2);
    expect(gradcheck((a) => a.exp(), [tensor([], { dtype: 'float64' })]).worst).toEqual([undefined]);
  });

  test('the same every time, and otherwise with another seed', () => {
    const run = (seed: number) => gradcheck((a) => a.exp(), [x], { seed }).worst;
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  test('by a tolerance and a step that can be set', () => {
    const off = (a: Tensor) => a.mul(1.001).sub(a.detach().mul(0.001));
    expect(gradcheck(off, [x]).passed).toBe(false);
    expect(gradcheck(off, [x], { tolerance: 0.01 })).toMatchObject({ passed: true, tolerance: 0.01 });
    expect(gradcheck((a) => a.exp(), [x], { step: 0.1, tolerance: 1e-12 }).passed).toBe(false);
  });
});

test('the inputs stay as they are', () => {
  const before = x.toArray();
  gradcheck((a) => a.mul(2), [x]);
  expect(x.toArray()).toEqual(before);
  expect(x.requiresGrad).toBe(false);
});
