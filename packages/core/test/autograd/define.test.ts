/** Custom operations: their values, gradients, tape entries and errors, and the ownership of their memory. */

import {
  ArgumentError,
  type DType,
  defineOp,
  grad,
  jvp,
  ones,
  parameter,
  Random,
  type Shape,
  sub,
  TapeError,
  Tensor,
  tensor,
  vmap,
} from '@tapegrad/core';
import { intercept, tapeOf } from '@tapegrad/core/tape';
import { centralDifferences, gradcheck, links, verify } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import { describeEach } from '../../../../test/interpreters.ts';
import { expectClose } from '../close.ts';

const swish = defineOp<<S extends Shape>(x: Tensor<S>) => Tensor<S>>({
  name: 'swish',
  forward: (x) => x.mul(x.sigmoid()),
  vjp: (g, y, x) => {
    const s = x.sigmoid();
    return g.mul(s.add(y.mul(sub(1, s))));
  },
});

/** log(a^2 + b), elementwise; b may be broadcast. */
const logOfSquare = defineOp({
  name: 'logOfSquare',
  forward: (a: Tensor, b: Tensor) => {
    const right = b.broadcastTo(a.shape).data;
    return tensor(
      a.data.map((x, i) => Math.log(x * x + right[i]!)),
      { shape: a.shape },
    );
  },
  vjp: (g, _y, a, b) => {
    const d = g.div(a.mul(a).add(b));
    return [d.mul(a).mul(2), d];
  },
});

const scaled = defineOp({
  name: 'scaled',
  forward: (x: Tensor, options: { readonly by: number }) => x.mul(options.by),
  vjp: (g, _y, _x, { by }) => g.mul(by),
});

const total = defineOp({
  name: 'total',
  forward: (...list: Tensor[]) => list.reduce((sum, x) => sum.add(x)),
  vjp: (g, _y, ...list) => list.map(() => g),
});

const float64 = (shape: Shape, seed = 1): Tensor =>
  new Random(seed).uniform(shape, { low: 0.5, high: 1.5, dtype: 'float64' });
const leaf = (x: Tensor): Tensor => new Tensor(x.array, undefined, true);

describeEach(() => {
  test.each<readonly [string, (...x: Tensor[]) => Tensor, readonly Tensor[]]>([
    ['one input', swish, [float64([2, 3])]],
    ['rank 0', swish, [float64([])]],
    ['no elements', swish, [float64([0, 3])]],
    ['a view', (x) => swish(x!.transpose()), [float64([2, 3])]],
    ['two inputs', logOfSquare, [float64([2, 3]), float64([2, 3], 2)]],
    ['the same one twice', (x) => logOfSquare(x!, x!), [float64([2, 3])]],
    ['one that is broadcast', logOfSquare, [float64([2, 3]), float64([3], 2)]],
    ['options', (x) => scaled(x!, { by: -3 }).mul(x!), [float64([4])]],
    ['any number of inputs', (...x) => total(...x).mul(x[0]!), [float64([3]), float64([3], 2), float64([3], 3)]],
    ['one within another', (x) => swish(swish(x!).mul(x!)), [float64([3])]],
  ])('gradients to second order: %s', (_, f, inputs) => {
    const { passed, failures } = gradcheck(f, inputs, { order: 2 });
    expect(failures).toEqual([]);
    expect(passed).toBe(inputs.some(({ size }) => size > 0));
  });

  test('a third derivative', () => {
    const x = tensor(0.5, { dtype: 'float64', requiresGrad: true });
    const composed = (z: Tensor): Tensor => z.mul(z.sigmoid());
    const [own, expected] = [swish, composed].map((f) => {
      let y: Tensor = f(x);
      for (let order = 0; order < 3; order++) y = y.backward({ createGraph: true }).of(x);
      return y;
    });
    expectClose(own!, [expected!.item()], 1e-13);
  });
});

describe('on the tape', () => {
  test('it is one entry, with its definition and options, and shares the definition with others', () => {
    const x = leaf(ones([2]));
    const [first, second] = tapeOf<Tensor>(scaled(scaled(x, { by: 2 }), { by: 3 }));
    expect(first).toMatchObject({ op: 'custom', name: 'scaled', inputs: [x], attributes: { options: { by: 2 } } });
    expect(second!.attributes).toMatchObject({ options: { by: 3 } });
    const definitions = [first, second].map((entry) => (entry!.attributes as { definition: object }).definition);
    expect(definitions[0]).toBe(definitions[1]);
  });

  test('there is none where no gradient can flow', () => {
    const ints = defineOp({ name: 'ints', forward: (x: Tensor) => x.cast('int32'), vjp: () => null });
    expect(swish(ones([2])).entry).toBeUndefined();
    expect(ints(leaf(ones([2]))).entry).toBeUndefined();
  });

  test('what runs within its forward pass leaves none, nor does the rule unless asked', () => {
    const x = leaf(ones([2]));
    expect(tapeOf(swish(x).sum()).map(({ name }) => name)).toEqual(['swish', 'sum', 'reshape']);
    const seen: boolean[] = [];
    const spied = defineOp({
      name: 'spied',
      forward: (z: Tensor) => z.mul(2),
      vjp: (g, _y, z) => {
        seen.push(z.mul(g).requiresGrad);
        return g.mul(2);
      },
    });
    spied(x).sum().backward();
    spied(x).sum().backward({ createGraph: true });
    expect(seen).toEqual([false, true]);
  });

  test('interceptors see it as one operation, and may run it on others', () => {
    const names: string[] = [];
    const y = intercept<Tensor, Tensor>(
      (call) => {
        names.push(call.op);
        return call.run(call.inputs.map((x) => x.detach().mul(2)));
      },
      () => scaled(ones([1]), { by: 3 }),
    );
    expect(names).toEqual(['custom']);
    expect(y.toArray()).toEqual([6]);
  });

  test('a sweep walks through it only to what is wanted', () => {
    const [a, b] = [leaf(float64([2])), leaf(float64([2], 2))];
    const gradients = logOfSquare(a, b)
      .sum()
      .backward({ wanted: [b] });
    expect([gradients.has(a), gradients.has(b)]).toEqual([false, true]);
  });

  test('an input without a cotangent has no gradient', () => {
    const first = defineOp({ name: 'first', forward: (a: Tensor, _b: Tensor) => a.mul(1), vjp: (g) => [g, null] });
    const [a, b] = [leaf(ones([2])), leaf(ones([2]))];
    const gradients = first(a, b).sum().backward();
    expect([gradients.has(a), gradients.has(b)]).toEqual([true, false]);
  });

  test('central differences run it again', () => {
    const x = leaf(float64([3]));
    const h = x.mul(2);
    const loss = swish(h).mul(x).sum();
    expectClose(centralDifferences(loss, h), [...loss.backward({ wanted: [h] }).of(h).data], 1e-9);
  });

  test('links name it as a transition, and formulas are verified through it', () => {
    const w = parameter(float64([3, 2]), { name: 'w' });
    const v = parameter(float64([2, 1]), { name: 'v' });
    const network = (dtype: DType) => swish(float64([4, 3], 7).cast(dtype).matmul(w.detach().cast(dtype).mul(1)));
    expect(network('float32').dtype).toBe('float32');
    const loss = swish(float64([4, 3], 5).matmul(w))
      .matmul(v)
      .sum();
    expect(links(loss).map(({ transition }) => transition)).toEqual(['swish', 'identity']);
    const report = verify({ loss }, { dW_l: ({ Z, delta }, l) => Z[l - 1]!.transpose().matmul(delta[l]!) });
    expect(report.passed).toBe(true);
  });

  test('a changed parameter is noticed', () => {
    const w = parameter(ones([2]), { name: 'w' });
    const loss = swish(w).sum();
    w.assign(ones([2]));
    expect(() => loss.backward()).toThrow("'w' of 'swish' changed after the forward pass");
  });
});

describe('forward mode', () => {
  const [x, y] = [float64([2, 3]), float64([3], 2)];
  const [dx, dy] = [float64([2, 3], 3), float64([3], 4)];

  test('by the rule, through inputs that are broadcast', () => {
    const [, tangent] = jvp(logOfSquare, [x, y], [dx, dy]);
    const [, expected] = jvp((a: Tensor, b: Tensor) => a.mul(a).add(b).log(), [x, y], [dx, dy]);
    expectClose(tangent, [...expected.data], 1e-13);
  });

  test('by a function of its own', () => {
    const seen: unknown[] = [];
    const cube = defineOp({
      name: 'cube',
      forward: (a: Tensor, b: Tensor) => a.mul(a).mul(a).add(b),
      vjp: (g, _y, a) => [g.mul(a).mul(a).mul(3), g],
      jvp: ([ta, tb], z, a) => {
        seen.push(tb!.toArray(), z.shape);
        return a.mul(a).mul(ta!).mul(3);
      },
    });
    const [, tangent] = jvp((a: Tensor) => cube(a, y), [x], [dx]);
    expectClose(tangent, [...x.mul(x).mul(dx).mul(3).data], 1e-13);
    expect(seen).toEqual([
      [0, 0, 0],
      [2, 3],
    ]);
  });

  test('over reverse, and under a gradient', () => {
    const f = (z: Tensor): Tensor<readonly []> => swish(z).mul(z).sum();
    const g = (z: Tensor): Tensor<readonly []> => z.mul(z.sigmoid()).mul(z).sum();
    const [, second] = jvp(grad(f), [x], [dx]);
    const [, expected] = jvp(grad(g), [x], [dx]);
    expectClose(second, [...expected.data], 1e-12);
    const slope = grad((z: Tensor) => jvp(f, [z], [dx])[1])(x);
    expectClose(slope, [...expected.data], 1e-12);
  });

  test('of an operation whose inputs have no gradient', () => {
    const none = defineOp({ name: 'none', forward: (a: Tensor) => a.mul(2), vjp: () => null });
    expect(jvp(none, [x], [dx])[1].toArray()).toEqual(float64([2, 3]).mul(0).toArray());
  });
});

describe('on a batch', () => {
  const inAll = defineOp({
    name: 'inAll',
    batched: true,
    forward: (x: Tensor, y: Tensor) => x.mul(y).sum(-1),
    vjp: (g, _y, x, y) => [g.reshape([...g.shape, 1]).mul(y), g.reshape([...g.shape, 1]).mul(x)],
  });
  const inTurn = defineOp({
    name: 'inTurn',
    forward: (x: Tensor, y: Tensor) => x.mul(y).sum(),
    vjp: (g, _y, x, y) => [g.mul(y), g.mul(x)],
  });
  const [x, y] = [float64([4, 3]), float64([3], 2)];
  const expected = x.mul(y).sum(1);

  test.each([
    ['at once', inAll, 1],
    ['one after the other', inTurn, 4],
  ] as const)('%s', (_, op, times) => {
    const batch = (a: Tensor, b: Tensor): Tensor => vmap(op, { inAxes: [0, null] })(a, b);
    expectClose(batch(x, y), [...expected.data]);
    expectClose(vmap((b: Tensor, a: Tensor) => op(a, b), { inAxes: [null, 0] })(y, x), [...expected.data]);
    expect(tapeOf(batch(leaf(x), y)).filter(({ op: ran }) => ran === 'custom')).toHaveLength(times);
    expect(gradcheck(batch, [x, y], { order: 2 }).passed).toBe(true);
    expect(vmap(op)(float64([0, 3]), float64([0, 3])).shape).toEqual([0]);
    const pairs = vmap(vmap(op, { inAxes: [null, 0] }), { inAxes: [0, null] })(x, x);
    expectClose(pairs, [...x.matmul(x.transpose()).data]);
    const slopes = vmap(grad((a: Tensor) => op(a, y) as Tensor<readonly []>))(x);
    expectClose(slopes, [...y.broadcastTo([4, 3]).data]);
  });
});

describe('a rule that reads elements', () => {
  const plain = defineOp({
    name: 'plain',
    forward: (x: Tensor) => tensor(x.data.map(Math.sinh), { shape: x.shape }),
    vjp: (g, _y, x) =>
      tensor(
        g.data.map((d, i) => d * Math.cosh(x.data[i]!)),
        { shape: x.shape },
      ),
  });
  const again = /plain: vjp reads elements, or treats its cotangent as constant, so it cannot be differentiated again/;

  test('gives gradients of first order', () => {
    expect(gradcheck(plain, [float64([3])]).passed).toBe(true);
  });

  test('is an error where it would have to be differentiated, and no wrong number', () => {
    const x = leaf(float64([3]));
    expect(() => plain(x).sum().backward({ createGraph: true })).toThrow(again);
    expect(() => jvp(plain, [x], [x])).toThrow(again);
  });
});

describe('memory', () => {
  // Large enough for a sweep to recycle the memory.
  const shape = [60, 50] as const;
  const numbers = (x: Tensor): number[] => [...x.data];

  test('what a rule is given or makes stays as it is, though it is kept', () => {
    const kept: Tensor[] = [];
    const copies: number[][] = [];
    const keep = (x: Tensor): Tensor => {
      kept.push(x);
      copies.push(numbers(x));
      return x;
    };
    const keeping = defineOp({
      name: 'keeping',
      forward: (x: Tensor) => x.mul(2),
      vjp: (g, y, x) => {
        keep(g);
        keep(g.transpose());
        keep(y.mul(x));
        return keep(g.mul(2));
      },
    });
    const x = leaf(new Random(1).normal(shape));
    let h: Tensor = x;
    for (let i = 0; i < 4; i++) h = keeping(h.tanh()).sigmoid().mul(h);
    h.sum().backward();
    // Recycled memory is used again, and overwritten.
    const bad = leaf(ones(shape)).tanh().sigmoid();
    bad
      .mul(bad)
      .sum()
      .backward({ seed: tensor(Number.NaN) });
    expect(kept.map(numbers)).toEqual(copies);
  });

  test('a rule that passes on what it was given gives each input its own gradient', () => {
    const passing = defineOp({
      name: 'passing',
      forward: (a: Tensor, b: Tensor) => a.add(b),
      vjp: (g) => [g, g],
    });
    const [a, b] = [leaf(new Random(1).normal(shape)), leaf(new Random(2).normal(shape))];
    const gradients = passing(a.tanh(), b.sigmoid()).mul(a).sum().backward();
    const expected = a.tanh().add(b.sigmoid()).mul(a).sum().backward();
    for (const x of [a, b]) expect(numbers(gradients.of(x))).toEqual(numbers(expected.of(x)));
  });

  test.each([false, true])(
    'a gradient is not the parameter that the rule gave for it (createGraph: %s)',
    (createGraph) => {
      const product = defineOp({
        name: 'product',
        forward: (a: Tensor, b: Tensor) => a.mul(b),
        vjp: (g, _y, a, b) => [b, a.mul(g)],
      });
      const [x, w] = [leaf(ones([2])), parameter(tensor([3, 4]))];
      const gradient = product(x, w).sum().backward({ createGraph }).of(x);
      w.assign(tensor([0, 0]));
      expect(gradient.toArray()).toEqual([3, 4]);
    },
  );
});

const broken = (vjp: (g: Tensor) => unknown) =>
  defineOp({ name: 'broken', forward: (a: Tensor, b: Tensor) => a.mul(b), vjp: vjp as () => never });
const sweepOf = (vjp: (g: Tensor) => unknown) => () =>
  broken(vjp)(leaf(ones([2, 3])), parameter(ones([2, 3]), { name: 'w' }))
    .sum()
    .backward();
const untyped = (x: unknown): never => x as never;

test.each<readonly [string, new (message: string) => Error, () => unknown]>([
  [
    "the rule of 'broken' gave 'w' a cotangent of float32 [3], expected float32 [2, 3]",
    TapeError,
    sweepOf((g) => [g, g.sum(0)]),
  ],
  [
    "the rule of 'broken' gave input 0 a cotangent of float64 [2, 3], expected float32 [2, 3]",
    TapeError,
    sweepOf((g) => [g.cast('float64'), g]),
  ],
  ['broken: vjp gave 1, expected a list of 2 cotangents', ArgumentError, sweepOf((g) => [g])],
  ['broken: vjp gave a tensor, expected a list of 2 cotangents', ArgumentError, sweepOf((g) => g)],
  ['broken: vjp gave undefined, expected a list of 2 cotangents', ArgumentError, sweepOf(() => undefined)],
  ['broken: vjp, for input 1, gave 3, expected a tensor', ArgumentError, sweepOf((g) => [g, 3])],
  ['swish: expected a tensor first, got 3', ArgumentError, () => swish(untyped(3))],
  ['swish: expected a tensor first, got undefined', ArgumentError, () => (swish as () => Tensor)()],
  [
    'at most one value of plain data, got an object, 2',
    ArgumentError,
    () => (scaled as (...args: unknown[]) => Tensor)(ones([2]), { by: 1 }, 2),
  ],
  [
    'none: forward gave undefined, expected a tensor',
    ArgumentError,
    () => defineOp({ name: 'none', forward: (_x: Tensor) => untyped(undefined), vjp: () => null })(ones([2])),
  ],
  ['defineOp: expected a name', ArgumentError, () => defineOp({ name: '', forward: (x: Tensor) => x, vjp: (g) => g })],
  [
    "defineOp: expected 'f' to have a function vjp, got undefined",
    ArgumentError,
    () => defineOp({ name: 'f', forward: (x: Tensor) => x, vjp: untyped(undefined) }),
  ],
])('%s', (message, error, call) => {
  expect(call).toThrow(error);
  expect(call).toThrow(message);
});
