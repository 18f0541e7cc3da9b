/** Transforms of functions: their results, nesting, and errors. */

import {
  concat,
  grad,
  hvp,
  jvp,
  noGrad,
  ones,
  parameter,
  Random,
  stopGradient,
  type Tensor,
  tensor,
  valueAndGrad,
  vjp,
  zeros,
} from '@tapegrad/core';
import type { Scalar } from '@tapegrad/core/extend';
import { intercept, tapeOf } from '@tapegrad/core/tape';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../close.ts';

type ScalarFunction = (x: Tensor<Scalar>) => Tensor<Scalar>;

const scalar = (x: number): Tensor<Scalar> => tensor(x, { dtype: 'float64' });
const vector = (...x: number[]): Tensor => tensor(new Float64Array(x));

/** The derivative of a function of one number, in reverse and in forward mode. */
const derivatives: Record<string, (f: ScalarFunction) => ScalarFunction> = {
  grad: (f) => grad(f),
  jvp: (f) => (x) => jvp(f, [x], [scalar(1)])[1],
  vjp: (f) => (x) => vjp(f, x)[1](scalar(1))[0],
};
const names = Object.keys(derivatives);

describe('derivatives of any order', () => {
  const orders = names.flatMap((a) => names.flatMap((b) => names.map((c) => [a, b, c])));

  test.each(orders)('third derivatives, by %s of %s of %s', (...order) => {
    const third = (f: ScalarFunction) => order.reduceRight((g, name) => derivatives[name]!(g), f)(scalar(0.7));
    const t = Math.tanh(0.7);
    expectClose(
      third((x) => x.tanh()),
      [-2 * (1 - t * t) * (1 - 3 * t * t)],
      1e-13,
    );
    expectClose(
      third((x) => x.exp()),
      [Math.exp(0.7)],
      1e-13,
    );
  });

  // d/dx (x d/dy (x + y)) at 1: confusing the inner derivative with the outer one gives 2.
  test.each(names.flatMap((a) => names.map((b) => [a, b] as const)))('%s does not confuse what %s varies', (a, b) => {
    const f: ScalarFunction = (x) => x.mul(derivatives[b]!((y) => x.add(y))(scalar(1)));
    expect(derivatives[a]!(f)(scalar(1)).item()).toBe(1);
  });

  test('the fifth derivative, where every one before it is wanted', () => {
    let d: ScalarFunction = (x) => x.pow(6);
    for (const factor of [6, 30, 120, 360, 720]) {
      d = grad(d);
      expectClose(d(scalar(1)), [factor], 1e-13);
    }
  });
});

describe('arguments', () => {
  interface Parameters {
    readonly weight: Tensor;
    readonly layers: readonly { readonly bias: Tensor }[];
  }
  const f = (p: Parameters, x: Tensor, power: number) => p.weight.mul(x).add(p.layers[0]!.bias).pow(power).sum();
  const parameters: Parameters = { weight: vector(1, 2), layers: [{ bias: vector(1, 1) }, { bias: vector(5) }] };

  test('a gradient has the structure of the argument', () => {
    const gradient = grad(f)(parameters, vector(3, 4), 1);
    expect(Object.keys(gradient)).toEqual(['weight', 'layers']);
    expect(gradient.weight.toArray()).toEqual([3, 4]);
    expect(gradient.layers.map(({ bias }) => bias.toArray())).toEqual([[1, 1], [0]]);
  });

  test('of several, in the order that they were asked for', () => {
    const [x, p] = grad(f, { argument: [1, 0] })(parameters, vector(3, 4), 2);
    expect(x.toArray()).toEqual([8, 36]);
    expect(p.weight.toArray()).toEqual([24, 72]);
  });

  test('that the result does not depend on have gradient 0, in their dtype', () => {
    const gradient = grad((_: Tensor, y: Tensor) => y.sum())(ones([2, 0, 3]), ones([2]));
    expect([gradient.shape, gradient.dtype]).toEqual([[2, 0, 3], 'float32']);
    expect(grad((_: Tensor) => tensor(1))(vector(1, 2)).toArray()).toEqual([0, 0]);
    expect(grad((x: Tensor) => x.argmax().cast('float64'))(vector(1, 2)).toArray()).toEqual([0, 0]);
  });

  test('one tensor in two places is two arguments', () => {
    const x = vector(3);
    const [a, b] = grad(([a, b]: readonly [Tensor, Tensor]) => a.mul(a).mul(b).sum())([x, x]);
    expect([a.item(), b.item()]).toEqual([18, 9]);
  });

  test('a parameter is a value like any other', () => {
    const w = parameter(vector(1, 2));
    const gradient = grad((w: Tensor) => w.mul(w).sum())(w);
    expect(gradient.toArray()).toEqual([2, 4]);
    expect(grad((w: Tensor) => grad((w: Tensor) => w.pow(3).sum())(w).sum())(w).toArray()).toEqual([6, 12]);
  });

  test('the function may give its argument back', () => {
    expect(grad((x: Tensor<Scalar>) => x)(scalar(3)).item()).toBe(1);
    expect(jvp((x: Tensor) => x, [vector(3)], [vector(2)]).map((y) => y.item())).toEqual([3, 2]);
    expect(vjp((x: Tensor) => [x, x], vector(3))[1]([vector(2), vector(5)])[0].item()).toBe(7);
  });
});

describe('what a function captures', () => {
  const w = parameter(vector(1, 2, 3), { name: 'w' });
  const x = vector(0.1, 0.2, 0.3);
  const energy = (x: Tensor) => x.mul(w).tanh().sum();
  const explicit = (x: Tensor, w: Tensor) => x.mul(w).tanh().sum();

  test('gets gradients from outside: a penalty on the gradient', () => {
    const gradients = grad(energy)(x).pow(2).sum().backward();
    // The arguments of the differentiated function are not inputs of the program.
    expect(gradients.size).toBe(1);
    const h = 1e-5;
    const penalty = (w: Tensor) => grad(explicit)(x, w).pow(2).sum().item();
    const differences = [0, 1, 2].map((i) => {
      const step = vector(...[0, 1, 2].map((j) => (i === j ? h : 0)));
      return (penalty(w.add(step).detach()) - penalty(w.sub(step).detach())) / (2 * h);
    });
    expectClose(gradients.of(w), differences, 1e-8);
    expectClose(
      jvp(energy, [x], [ones([3], { dtype: 'float64' })])[1]
        .backward()
        .of(w),
      [...grad((w: Tensor) => grad(explicit)(x, w).sum())(w).data],
    );
    expectClose(hvp(energy, [x], [x])[0].sum().backward().of(w), [
      ...grad((w: Tensor) => hvp((x: Tensor) => explicit(x, w), [x], [x])[0].sum())(w).data,
    ]);
  });

  test('and they go no further: nothing is computed for the argument', () => {
    const weight = parameter(ones([3, 2], { dtype: 'float64' }));
    const loss = grad((x: Tensor) => x.matmul(weight).pow(2).sum())(x.reshape([1, 3]))
      .pow(2)
      .sum();
    const seen: string[] = [];
    intercept<Tensor, void>(
      (call) => {
        seen.push(call.op);
        return call.run();
      },
      () => {
        loss.backward({ createGraph: true });
      },
    );
    // Two for the gradient 2 x W W^T as a product of x W and W, and one for x W by W; none for x W by x.
    expect(seen.filter((op) => op === 'matmul')).toHaveLength(3);
  });

  test('is constant where nothing is recorded, and the gradient is what it is', () => {
    const recorded = grad(energy)(x);
    const constant = noGrad(() => grad(energy)(x));
    expect([recorded.requiresGrad, constant.requiresGrad]).toEqual([true, false]);
    expect(constant.toArray()).toEqual(recorded.toArray());
    expect(grad((x: Tensor) => noGrad(() => energy(x)).add(x.sum()))(x).toArray()).toEqual([1, 1, 1]);
  });

  test('no tape stays where nothing outside requires a gradient', () => {
    const [value, gradient] = valueAndGrad((x: Tensor) => x.mul(x).sum())(x);
    const [y, pullback] = vjp((x: Tensor) => x.exp(), x);
    const [z, tangent] = jvp((x: Tensor) => x.exp(), [x], [x]);
    for (const result of [value, gradient, y, ...pullback(x), z, tangent]) expect(tapeOf(result)).toEqual([]);
  });

  test('and then the sweep runs on plain arrays', () => {
    const seen: string[] = [];
    const list = () => grad((x: Tensor) => x.sin().sum())(x);
    intercept<Tensor, Tensor>((call) => {
      seen.push(call.op);
      return call.run();
    }, list);
    expect(seen).toEqual(['sin', 'sum', 'reshape']);
  });

  test('what came before the arguments is not looked at', () => {
    const y = w.mul(2);
    y.sum().backward();
    expect(grad((y: Tensor) => y.mul(y).sum())(y).toArray()).toEqual([4, 8, 12]);
  });

  test('stopGradient holds a tensor constant for all of them', () => {
    const f = (x: Tensor<Scalar>) => x.mul(stopGradient(x)).mul(x);
    for (const d of Object.values(derivatives)) expect(d(f as ScalarFunction)(scalar(3)).item()).toBe(18);
    expect(grad(grad(f))(scalar(3)).item()).toBe(6);
  });
});

describe('valueAndGrad', () => {
  test('gives both, of one run', () => {
    let runs = 0;
    const f = (x: Tensor) => {
      runs++;
      return x.mul(x).sum();
    };
    const [value, gradient] = valueAndGrad(f)(vector(1, 2));
    expect([value.item(), gradient.toArray(), runs]).toEqual([5, [2, 4], 1]);
  });

  test('with whatever else the function has to say', () => {
    const f = (x: Tensor) => [x.sum(), { doubled: x.mul(2), count: x.size, name: 'x' }] as const;
    const [[value, aux], gradient] = valueAndGrad(f, { hasAux: true })(vector(1, 2));
    expect([value.item(), gradient.toArray()]).toEqual([3, [1, 1]]);
    expect([aux.doubled.toArray(), aux.doubled.requiresGrad, aux.count, aux.name]).toEqual([[2, 4], false, 2, 'x']);
  });

  test('what else it says is differentiable from outside', () => {
    const w = parameter(vector(2, 3));
    const f = (x: Tensor) => [x.sum(), x.mul(w)] as const;
    const [[, aux]] = valueAndGrad(f, { hasAux: true })(vector(1, 2));
    expect(aux.sum().backward().of(w).toArray()).toEqual([1, 2]);
  });
});

describe('products', () => {
  const f = (a: Tensor, b: Tensor) => ({ product: a.mul(b), sums: [a.sum(), b.exp()] });
  const at = [vector(1, 2), vector(3, 4)] as const;

  test('with trees of results', () => {
    const [value, pullback] = vjp(f, ...at);
    expect(value.product.toArray()).toEqual([3, 8]);
    const cotangent = { product: vector(1, 10), sums: [scalar(100), vector(0, 0)] };
    const [a, b] = pullback(cotangent);
    expect([a.toArray(), b.toArray()]).toEqual([
      [103, 140],
      [1, 20],
    ]);
    // Any number of times.
    expect(pullback(cotangent)[0].toArray()).toEqual([103, 140]);
    const [, tangent] = jvp(f, [...at], [vector(1, 0), vector(0, 1)]);
    expect(tangent.product.toArray()).toEqual([3, 2]);
    expect(tangent.sums[0]!.item()).toBe(1);
    expectClose(tangent.sums[1]!, [0, Math.exp(4)]);
  });

  test('forward and reverse are adjoint', () => {
    const g = (x: Tensor) => x.sin().cumsum(0).mul(x);
    const [x, u, v] = [vector(1, 2, 3), vector(-1, 0.5, 2), vector(0.3, 0.2, -1)];
    const forward = jvp(g, [x], [u])[1].mul(v).sum().item();
    expect(vjp(g, x)[1](v)[0].mul(u).sum().item()).toBeCloseTo(forward, 12);
  });

  test('tangents whose memory is used again on the way', () => {
    const f = (x: Tensor) => {
      const e = x.sin();
      const turned = e.transpose().reshape([64, 80]);
      return [concat([e, turned], 1).mul(2).sub(1), e.add(turned).exp(), e] as const;
    };
    const random = new Random(1);
    const x: Tensor = random.normal([64, 80], { dtype: 'float64' });
    const u: Tensor = random.normal([64, 80], { dtype: 'float64' });
    const first = jvp(f, [x], [u])[1];
    const numbers = first.map((t) => [...t.data]);
    // While recording, no memory is reused.
    const second = jvp(f, [parameter(x)], [u])[1];
    first.forEach((t, i) => {
      expect([...t.data]).toEqual(numbers[i]);
      expectClose(t, [...second[i]!.data]);
    });
  });

  test('a pullback has derivatives by its cotangent, a tangent by its direction', () => {
    const [x, v] = [vector(1, 2), vector(3, 4)];
    const [, pullback] = vjp((x: Tensor) => x.pow(3), x);
    expect(grad((v: Tensor) => pullback(v)[0].pow(2).sum())(v).toArray()).toEqual([2 * 9 * 3, 2 * 144 * 4]);
    const along = (u: Tensor) =>
      jvp((x: Tensor) => x.pow(3), [x], [u])[1]
        .pow(2)
        .sum();
    expect(grad(along)(v).toArray()).toEqual([2 * 9 * 3, 2 * 144 * 4]);
  });

  test('of Hessians of several arguments, with what mixes them', () => {
    const h = (a: Tensor, b: Tensor) => a.mul(a).mul(b).sum();
    const [a, b] = hvp(h, [vector(2), vector(3)], [vector(1), vector(10)]);
    expect([a.item(), b.item()]).toEqual([2 * 3 + 2 * 2 * 10, 2 * 2]);
  });

  test('a result that depends on nothing has tangent 0', () => {
    expect(jvp((_: Tensor) => ones([2, 3]), [vector(1)], [vector(1)])[1].toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });
});

const x = vector(1, 2);
const sum = (x: Tensor) => x.sum();
const refused: readonly (readonly [call: () => unknown, message: string])[] = [
  [() => grad((x: Tensor) => x)(x), 'grad: expected a function with a scalar result, got shape [2]; reduce it'],
  [() => hvp((x: Tensor) => x, [x], [x]), 'hvp: expected a function with a scalar result, got shape [2]'],
  [() => grad((() => 1) as never)(x as never), 'grad: expected a function whose result is a tensor'],
  [() => (grad(1 as never) as () => unknown)(), 'grad: expected a function, got 1'],
  [() => grad(sum, { argument: 1 } as never)(x), 'grad: there is no argument 1: the function was called with 1'],
  [() => grad(sum, { argument: -1 })(x), 'grad: there is no argument -1'],
  [
    () => grad(sum as never)({ w: [x, 1] } as never),
    'grad: argument 0.w[1] is 1; expected a tensor, or arrays and plain objects of tensors',
  ],
  [
    () => grad(sum as never)(new Map() as never),
    'grad: argument 0 is an object; expected a tensor, or arrays and plain objects of tensors',
  ],
  [() => grad(sum as never)(null as never), 'grad: argument 0 is null'],
  [() => grad(sum)(x.cast('int32')), 'grad: argument 0 has a tensor of int32; expected float32 or float64'],
  [() => grad((x: Tensor) => x.sum().cast('int32'))(x), 'grad: the result has a tensor of int32'],
  [
    () => valueAndGrad(sum as never, { hasAux: true })(x as never),
    'valueAndGrad: with hasAux, expected a function whose',
  ],
  [() => vjp((x: Tensor) => x, x)[1](zeros([3])), 'vjp: the cotangent: expected shape [2], got [3]'],
  [() => vjp((x: Tensor) => x, x)[1](zeros([2])), 'vjp: the cotangent: expected float64, got float32; cast it first'],
  [() => vjp((x: Tensor) => [x], x)[1](x as never), 'vjp: the cotangent is a tensor, whose structure differs'],
  [
    () => vjp((_: Tensor) => 3 as never, x),
    'vjp: the result is 3; expected a tensor, or arrays and plain objects of tensors',
  ],
  [() => jvp((x: Tensor) => x, [x], [] as never), 'jvp: tangents is an array, whose structure differs'],
  [() => jvp((x: Tensor) => x, [x], [zeros([1])]), 'jvp: tangents[0]: expected shape [2], got [1]'],
];

test.each(refused.map(([call, message]) => ({ call, message })))('$message', ({ call, message }) => {
  expect(call).toThrow(message);
});
