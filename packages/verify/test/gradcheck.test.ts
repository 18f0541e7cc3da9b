/** Tests gradcheck: it must find deliberate mistakes, and nothing else. */

import { defineOp, floor, parameter, Random, type Tensor, tensor } from '@tapegrad/core';
import { setInterpreter } from '@tapegrad/core/extend';
import { plain } from '@tapegrad/kernels';
import { gradcheck } from '@tapegrad/verify';
import { afterEach, describe, expect, test } from 'vitest';
import { restoreInterpreter } from '../../../test/interpreters.ts';

const x = tensor([0.5, -1.5, 2], { dtype: 'float64' });
const y = tensor([[1], [-2]], { dtype: 'float64' });

describe('passes what is right', () => {
  const right: readonly (readonly [name: string, f: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]])[] = [
    ['a product', (a) => a.tanh().mul(a), [x]],
    ['several inputs that broadcast', (a, b) => a!.mul(b!).sin(), [x, y]],
    ['an input that is not used', (a) => a!.exp(), [x, y]],
    ['a constant', () => tensor(3, { dtype: 'float64' }), [x]],
    ['a linear function', (a) => a!.mul(3), [x]],
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
    ['a gradient that is a little off', (a) => a.mul(1 + 1e-9).sub(a.detach().mul(1e-9))],
    ['a derivative that is not finite', (a) => a.sub(0.5).sqrt()],
    ['two conventions at a kink that do not add up', (a) => a.sub(0.5).relu().sub(a.sub(0.5).maximum(0))],
  ];

  test.each(wrong)('%s', (_, f) => {
    const { passed, failures, worst } = gradcheck(f, [x]);
    expect(passed).toBe(false);
    expect(failures[0]).toBe(worst[0]);
    expect(worst[0]!.error <= worst[0]!.allowed).toBe(false);
  });

  test('a second derivative alone', () => {
    // Its first derivative is right: 2 x. For the second one, this is a constant.
    const f = (a: Tensor) => a.mul(a.detach()).mul(2).sub(a.detach().mul(a.detach()));
    const [first, second] = [gradcheck(f, [x]), gradcheck(f, [x], { order: 2 })];
    expect(first.passed).toBe(true);
    expect(second.passed).toBe(false);
    expect(new Set(second.failures.map(({ order }) => order))).toEqual(new Set([2]));
  });

  test('a tangent alone', () => {
    const wrongTangent = defineOp({
      name: 'wrongTangent',
      forward: (a: Tensor) => a.mul(a),
      vjp: (g, _y, a) => g.mul(a).mul(2),
      jvp: ([tangent], _y, a) => tangent!.mul(a),
    });
    const { failures } = gradcheck(wrongTangent, [x]);
    expect(failures.length).toBeGreaterThan(0);
    for (const { reverse, forward, numeric } of failures) {
      expect(reverse).toBeCloseTo(numeric, 8);
      expect(forward).toBeCloseTo(numeric / 2, 8);
    }
  });

  test('one element of many', () => {
    const many = new Random(1).normal([30, 40], { dtype: 'float64' });
    const f = (a: Tensor) => a.index(17, 23).detach().mul(3).add(a.sin().sum());
    const { failures } = gradcheck(f, [many]);
    expect(failures).toHaveLength(2);
    for (const { index, output } of failures) expect([index, output]).toEqual([[17, 23], undefined]);
  });

  test('a primitive that computes a wrong derivative, whichever input it is of', () => {
    setInterpreter({ ...plain, cos: (a) => plain.neg(plain.cos(a)) });
    const report = gradcheck((a, b) => a!.exp().mul(b!.sin()), [x, y]);
    expect(report.passed).toBe(false);
    expect(report.worst[0]!.input).toBe('input 1');
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

describe('tells what is rough, and lets it be', () => {
  const rough: readonly (readonly [name: string, roughness: string, f: (a: Tensor) => Tensor])[] = [
    ['relu at 0', 'kink', (a) => a.sub(0.5).relu()],
    ['abs at 0', 'kink', (a) => a.sub(0.5).abs().mul(1e-3)],
    ['a tie of maximum', 'kink', (a) => a.maximum(0.5)],
    ['relu as close to 0 as can be seen', 'kink', (a) => a.sub(0.5 + 1e-15).relu()],
    ['floor at an integer', 'jump', (a) => floor(a.mul(1.1).add(0.45))],
    ['a step', 'jump', (a) => a.greater(0.5).cast('float64').mul(a)],
  ];

  test.each(rough)('%s', (_, roughness, f) => {
    const { passed, kinks, checked } = gradcheck(f, [x]);
    expect(passed).toBe(true);
    expect(checked).toBeGreaterThan(5);
    expect(kinks).toMatchObject([{ index: [0], output: 'result [0]', roughness, numeric: Number.NaN }]);
  });

  test('a tie of max, whose gradient is shared', () => {
    const { passed, kinks } = gradcheck((a) => a.max(), [tensor([1, 3, 3], { dtype: 'float64' })]);
    expect(passed).toBe(true);
    expect(kinks.flatMap(({ index }) => index)).toEqual([1, 2]);
  });

  test('one of many, beside which all is checked', () => {
    const { data } = new Random(1).normal([600], { dtype: 'float64' });
    data[200] = 0;
    const { passed, kinks, checked } = gradcheck((a) => a.relu(), [tensor(data)]);
    expect([passed, kinks.length, checked]).toEqual([true, 0, 2]);
  });

  test('and nothing where slopes are only steep', () => {
    expect(gradcheck((a) => a.mul(40).sin(), [x]).kinks).toEqual([]);
    expect(gradcheck((a) => a.mul(1e6).add(1), [x]).kinks).toEqual([]);
  });
});

describe('awkward scales', () => {
  const scales = [1e-100, 1e-12, 1e-6, 1e-3, 1, 1e3, 1e6, 1e12, 1e100];
  const at = (...list: number[]) => tensor(list, { dtype: 'float64' });
  /** A function with a hand-written derivative. */
  const claimed = (f: (a: Tensor) => Tensor, slope: (a: Tensor) => Tensor) =>
    defineOp({ name: 'claimed', forward: f, vjp: (g: Tensor, _y: Tensor, a: Tensor) => g.mul(slope(a)) });

  type Curve = readonly [name: string, f: (a: Tensor) => Tensor, slope: (a: Tensor) => Tensor];
  const curves: readonly Curve[] = [
    ['x^3', (a) => a.mul(a).mul(a), (a) => a.mul(a).mul(3)],
    ['log x', (a) => a.log(), (a) => a.mul(0).add(1).div(a)],
    ['sqrt x', (a) => a.sqrt(), (a) => a.sqrt().mul(2).pow(-1)],
    ['1 / x', (a) => a.pow(-1), (a) => a.pow(-2).neg()],
    ['exp x', (a) => a.exp(), (a) => a.exp()],
    ['sin x', (a) => a.sin(), (a) => a.cos()],
    ['tanh x', (a) => a.tanh(), (a) => a.tanh().pow(2).neg().add(1)],
  ];

  describe.each(curves)('%s', (_, f, slope) => {
    test.each(scales)('of inputs of size %d', (scale) => {
      const scaled = (own: (a: Tensor) => Tensor, by: number) => (a: Tensor) => own(a.div(scale)).mul(by);
      const inputs = [at(0.7 * scale, 1.3 * scale)] as const;
      const right = claimed(scaled(f, 1), scaled(slope, 1 / scale));
      const report = gradcheck(right, inputs, { order: 2 });
      expect(report.passed, `${report}`).toBe(true);
      for (const mistake of [-1, 7, 1 + 1e-6]) {
        expect(gradcheck(claimed(scaled(f, 1), scaled(slope, mistake / scale)), inputs).passed).toBe(false);
      }
    });

    test.each(scales)('of results of size %d', (scale) => {
      const right = claimed(
        (a) => f(a).mul(scale),
        (a) => slope(a).mul(scale),
      );
      const report = gradcheck(right, [at(0.7, 1.3)], { order: 2 });
      expect(report.passed, `${report}`).toBe(true);
      for (const mistake of [-1, 7, 1 + 1e-6]) {
        const wrong = claimed(
          (a) => f(a).mul(scale),
          (a) => slope(a).mul(mistake * scale),
        );
        expect(gradcheck(wrong, [at(0.7, 1.3)]).passed).toBe(false);
      }
    });
  });

  test.each([1e-5, 1e-9])('x^3 with the derivative 7 x, near 0: %d', (near) => {
    const wrong = claimed(
      (a) => a.mul(a).mul(a),
      (a) => a.mul(7),
    );
    const { passed, checked } = gradcheck(wrong, [at(near)]);
    expect([passed, checked > 0]).toEqual([false, true]);
  });

  test('elements of unlike sizes in one input, one by one and many', () => {
    const few = at(1e-6, 1e-3, 1, 1e3);
    const many = at(...Array.from({ length: 600 }, (_, i) => 10 ** ((i % 13) - 6)));
    for (const inputs of [few, many]) {
      expect(gradcheck((a) => a.log(), [inputs], { order: 2 })).toMatchObject({ passed: true, kinks: [] });
      const wrong = claimed(
        (a) => a.log(),
        (a) => a.mul(0).sub(1).div(a),
      );
      expect(gradcheck(wrong, [inputs]).passed).toBe(false);
    }
  });

  test('points where functions are flat', () => {
    for (const power of [2, 3, 4, 5]) {
      expect(gradcheck((a) => a.pow(power), [at(0)], { order: 2 })).toMatchObject({ passed: true, kinks: [] });
    }
    expect(gradcheck((a) => a.cos(), [at(0)], { order: 2 })).toMatchObject({ passed: true, kinks: [] });
    expect(gradcheck((a) => a.sin(), [at(1e-12)], { order: 2 })).toMatchObject({ passed: true, kinks: [] });
  });

  test('fast functions far from 0', () => {
    expect(gradcheck((a) => a.sin(), [at(1e8)], { order: 2 }).passed).toBe(true);
    expect(gradcheck((a) => a.mul(1e4).exp(), [at(1e-12)], { order: 2 }).passed).toBe(true);
  });

  test('a tolerance is one of the size of the derivative', () => {
    const off = claimed(
      (a) => a.mul(1e-9),
      (a) => a.mul(0).add(1.1e-9),
    );
    expect(gradcheck(off, [at(2)], { tolerance: 1e-3 }).passed).toBe(false);
    expect(gradcheck(off, [at(2)], { tolerance: 0.2 }).passed).toBe(true);
  });
});

describe('does not pass where nothing was checked', () => {
  const none = tensor([], { dtype: 'float64' });
  const zeros = tensor([0, 0], { dtype: 'float64' });
  const nothing: readonly (readonly [name: string, unchecked: string[], f: (...x: Tensor[]) => Tensor, x: Tensor[]])[] =
    [
      ['a result of no elements', ['any input, order 1'], (a) => a!.slice(0, 0, 0), [x]],
      ['an input of no elements', ['any input, order 1'], (a) => a!.sum(), [none]],
      ['kinks alone', ['input 0, order 1'], (a) => a!.relu(), [zeros]],
      ['kinks alone in one of two inputs', ['input 1, order 1'], (a, b) => a!.sum().add(b!.abs()), [x, zeros]],
      ['an edge', ['input 0, order 1'], (a) => a!.sqrt().mul(0).add(a!.sqrt().detach()), [zeros.add(0)]],
      ['derivatives lost in rounding', ['input 0, order 1'], (a) => a!.mul(1e-14).add(1), [x]],
    ];

  test.each(nothing)('%s', (_, unchecked, f, inputs) => {
    const report = gradcheck(f, inputs);
    expect(report).toMatchObject({ passed: false, unchecked });
    expect(`${report}`).toContain(`no derivative checked by ${unchecked[0]}`);
  });

  test('in the second order alone', () => {
    const { passed, failures, unchecked } = gradcheck((a) => a.relu().mul(a), [zeros], { order: 2 });
    expect([passed, failures, unchecked]).toEqual([false, [], ['input 0, order 2']]);
  });

  test('derivatives lost in rounding are told', () => {
    const report = gradcheck((a) => a.mul(1e-14).add(1), [x]);
    expect(report.unresolved.length).toBeGreaterThan(0);
    expect(report.unresolved.every(({ roughness }) => roughness === 'noise')).toBe(true);
    expect(`${report}`).toContain('lost in rounding:\n');
  });
});

describe('takes', () => {
  const w = parameter(tensor([[1, 2, -1]], { dtype: 'float64' }), { name: 'layer.weight' });

  test('arrays and objects of tensors, and gives them', () => {
    const f = ({ a, list }: { a: Tensor; list: readonly Tensor[] }, c: Tensor) => ({
      sum: a.add(list[0]!).mul(c),
      rest: [list[1]!.exp()],
    });
    const inputs = [{ a: x, list: [x.mul(2), y] }, x] as const;
    expect(gradcheck(f, inputs, { order: 2 }).passed).toBe(true);
    const wrong = gradcheck(
      (...args: Parameters<typeof f>) => ({ ...f(...args), more: args[0].list[1]!.detach() }),
      inputs,
    );
    expect(wrong.failures[0]).toMatchObject({ input: 'input 0.list[1]' });
    expect(wrong.failures.map(({ output }) => output)).toContain('result.more [1, 0]');
  });

  test('parameters, and puts them back', () => {
    const before = w.toArray();
    const f = (a: Tensor) => a.mul(w).tanh();
    expect(gradcheck(f, [x], { parameters: [w], order: 2 }).passed).toBe(true);
    expect(gradcheck(() => w.mul(w), [], { parameters: [w], order: 2 }).passed).toBe(true);
    const wrong = gradcheck((a) => a.mul(w.detach()), [x], { parameters: [w] });
    expect(wrong.failures[0]!.input).toBe('layer.weight');
    expect(wrong.failures.every(({ input }) => input === 'layer.weight')).toBe(true);
    expect(w.toArray()).toEqual(before);
  });

  test('an operation that can only be differentiated once', () => {
    const plainSquare = defineOp({
      name: 'plainSquare',
      forward: (a: Tensor) => a.mul(a),
      vjp: (g, _y, a) =>
        tensor(
          g.data.map((d, i) => 2 * d * a.data[i]!),
          { shape: a.shape },
        ),
    });
    const report = gradcheck(plainSquare, [x]);
    expect(report.passed).toBe(true);
    expect(report.withoutForward).toMatch(/plainSquare: vjp reads elements/);
    expect(`${report}`).toMatch(/not checked in forward mode: plainSquare/);
  });

  test('nothing that is random', () => {
    const random = new Random(1);
    const f = (a: Tensor) => a.mul(random.uniform([3], { dtype: 'float64' }));
    expect(() => gradcheck(f, [x])).toThrow(/returns different values when called again/);
  });
});

describe('reports', () => {
  test('the derivatives that are wrong, with all opinions', () => {
    // Only the gradient of the last entry is wrong: 0 for 1.
    const f = (a: Tensor) => a.slice(0, 0, 2).sum().add(a.detach().index(2));
    const { worst, passed, failures } = gradcheck(f, [x]);
    expect(passed).toBe(false);
    const [entry, ...others] = failures.filter(({ index }) => index !== undefined);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      order: 1,
      input: 'input 0',
      index: [2],
      output: 'result []',
      reverse: 0,
      forward: 0,
    });
    expect(entry!.numeric).toBeCloseTo(1, 10);
    expect(entry!.error).toBeCloseTo(1, 10);
    expect(worst).toHaveLength(1);
  });

  test('one entry an order', () => {
    expect(gradcheck((a) => a.exp(), [x]).worst).toHaveLength(1);
    expect(gradcheck((a) => a.exp(), [x], { order: 2 }).worst).toHaveLength(2);
    expect(gradcheck((a) => a.exp(), [tensor([], { dtype: 'float64' })]).worst).toEqual([undefined]);
  });

  test('the same every time, and otherwise with another seed', () => {
    const run = (seed: number) => gradcheck((a) => a.exp(), [x], { seed });
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  test('by a tolerance and a step that can be set', () => {
    const off = (a: Tensor) => a.mul(1.001).sub(a.detach().mul(0.001));
    expect(gradcheck(off, [x]).passed).toBe(false);
    expect(gradcheck(off, [x], { tolerance: 0.01 }).passed).toBe(true);
    expect(gradcheck((a) => a.exp(), [x], { step: 0.1, tolerance: 1e-12 }).passed).toBe(false);
  });

  test('as text', () => {
    const right = gradcheck((a) => a.sub(0.5).relu(), [x]);
    expect(`${right}`).toMatch(
      /^gradcheck passed; \d+ derivatives checked, 1 at kinks left out\nclosest to the bound:\n/,
    );
    expect(`${right}`).toMatch(
      /\n {2}result \[0\] by input 0 \[0\]: reverse 0, forward 0, no numeric derivative: kink; error 0.0e\+0, allowed \S+$/,
    );
    const wrong = gradcheck((a) => a.mul(a.detach()), [x]);
    expect(`${wrong}`).toMatch(/^gradcheck failed: 5 wrong; 11 derivatives checked\nwrong:\n/);
    expect(`${wrong}`).toMatch(
      /\n {2}result \[1\] by input 0 \[1\]: reverse -1.5, forward -1.5, differences -3; error 1.5e\+0, allowed \S+\n/,
    );
    expect(`${gradcheck((a) => a.mul(a.detach()).sin(), [new Random(1).normal([19], { dtype: 'float64' })])}`).toMatch(
      /\n {2}and 11 more$/,
    );
  });
});

test('the inputs stay as they are', () => {
  const before = x.toArray();
  gradcheck((a) => a.mul(2), [x]);
  expect(x.toArray()).toEqual(before);
  expect(x.requiresGrad).toBe(false);
});
