/** vmap turns a function of one example into a function of a batch: axes, nesting, and errors. */

import {
  gather,
  grad,
  jvp,
  noGrad,
  ones,
  parameter,
  Random,
  scatterAdd,
  squeeze,
  stack,
  type Tensor,
  take,
  tensor,
  vjp,
  vmap,
  zeros,
} from '@tapegrad/core';
import { kernels, type Scalar } from '@tapegrad/core/extend';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../close.ts';

const random = new Random(1);
const normal = (...shape: number[]): Tensor => random.normal(shape, { dtype: 'float64' });
const int32 = (entries: readonly unknown[]): Tensor => tensor(entries as number[], { dtype: 'int32' });
const examples = (x: Tensor): Tensor[] => Array.from({ length: x.shape[0]! }, (_, i) => x.index(i));

const expectSame = (actual: Tensor, expected: Tensor) => {
  expect(actual.shape).toEqual(expected.shape);
  expectClose(actual, [...expected.data], 1e-12);
};

describe('axes', () => {
  const subtract = (x: Tensor, y: Tensor) => x.sub(y);
  const x = normal(2, 3, 4);
  const y = normal(3, 4);

  test.each([0, 1, 2, -1])('%i of the argument', (axis) => {
    const running = (x: Tensor) => x.cumsum(0).reshape([-1]);
    const parts = Array.from({ length: x.shape.at(axis)! }, (_, i) => running(squeeze(x.take([i], axis), axis)));
    expectSame(vmap(running, { inAxes: axis })(x), stack(parts, 0));
  });

  test('another one for each argument, and none', () => {
    const expected = stack(
      examples(x).map((x) => x.sub(y)),
      0,
    );
    expectSame(vmap(subtract, { inAxes: [0, null] })(x, y), expected);
    expectSame(vmap(subtract, { inAxes: [2, null] })(x.permute([1, 2, 0]), y), expected);
    expectSame(
      vmap(subtract, { inAxes: [-1, null], outAxes: -1 })(x.permute([1, 2, 0]), y),
      expected.permute([1, 2, 0]),
    );
    expectSame(vmap(subtract, { inAxes: [1, null], outAxes: 1 })(x.permute([1, 0, 2]), y), expected.permute([1, 0, 2]));
  });

  test('in trees, as one for all of a branch or a tree of them', () => {
    const f = ({ a, b }: { a: Tensor; b: readonly Tensor[] }) => ({ sum: a.add(b[0]!), rest: [b[1]!.sum()] });
    const [a, b0, b1] = [normal(5, 2), normal(2, 5), normal(3)];
    const tree = { a, b: [b0, b1] };
    const result = vmap(f, { inAxes: [{ a: 0, b: [1, null] }], outAxes: { sum: 1, rest: null } })(tree);
    expectSame(result.sum, a.transpose().add(b0));
    expectSame(result.rest[0]!, b1.sum());
    expectSame(vmap(f)({ a, b: [b0.transpose(), stack([b1, b1, b1, b1, b1], 0)] }).sum, a.add(b0.transpose()));
  });

  test('an argument that is not mapped is passed on as it is', () => {
    const scaled = (x: Tensor, factor: number) => x.mul(factor);
    expect(vmap(scaled, { inAxes: [0, null] })(ones([2]), 3).toArray()).toEqual([3, 3]);
  });

  test('a result that is the same for all is repeated', () => {
    expect(vmap((_: Tensor) => tensor([1, 2]))(ones([3])).toArray()).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
  });
});

describe('nesting', () => {
  const w = normal(3, 2);
  const x = normal(4, 3);
  const y = normal(5, 3);
  const loss = (w: Tensor, x: Tensor) => x.matmul(w).tanh().pow(2).sum();

  test('vmap of grad by what all examples share is each one’s own gradient', () => {
    const expected = stack(
      examples(x).map((x) => grad(loss)(w, x)),
      0,
    );
    expectSame(vmap(grad(loss), { inAxes: [null, 0] })(w, x), expected);
    // Also by an argument of an inner function that captures the value.
    expectSame(vmap((x: Tensor) => grad((w: Tensor) => loss(w, x))(w))(x), expected);
  });

  test('grad of vmap', () => {
    const total = (w: Tensor) => vmap((x: Tensor) => loss(w, x))(x).sum();
    expectSame(
      grad(total)(w),
      examples(x)
        .map((x) => grad(loss)(w, x))
        .reduce((sum, g) => sum.add(g)),
    );
    const p = parameter(w);
    expectSame(
      vmap((x: Tensor) => loss(p, x))(x)
        .sum()
        .backward()
        .of(p),
      grad(total)(w),
    );
  });

  test('grad of vmap of grad, and vmap of grad of grad', () => {
    const penalty = (w: Tensor, x: Tensor) => grad(loss, { argument: 1 })(w, x).pow(2).sum();
    const each = examples(x).map((x) => grad(penalty)(w, x));
    expectSame(vmap(grad(penalty), { inAxes: [null, 0] })(w, x), stack(each, 0));
    const total = (w: Tensor) =>
      vmap(grad(loss, { argument: 1 }), { inAxes: [null, 0] })(w, x)
        .pow(2)
        .sum();
    expectSame(
      grad(total)(w),
      each.reduce((sum, g) => sum.add(g)),
    );
  });

  test('vmap of vmap: all pairs', () => {
    const dot = (x: Tensor, y: Tensor) => x.mul(y).sum();
    const pairs = vmap((x: Tensor) => vmap((y: Tensor) => dot(x, y))(y))(x);
    expectSame(pairs, x.matmul(y.transpose()));
    const swapped = vmap(vmap(dot, { inAxes: [null, 0] }), { inAxes: [0, null], outAxes: 1 })(x, y);
    expectSame(swapped, y.matmul(x.transpose()));
    const gradients = vmap((x: Tensor) => vmap((y: Tensor) => grad((x: Tensor) => dot(x, y).exp())(x))(y))(x);
    const scale = x.matmul(y.transpose()).exp().reshape([4, 5, 1]);
    expectSame(gradients, scale.mul(y));
  });

  test('products made in one batch, taken in another', () => {
    const f = (x: Tensor) => x.sin().matmul(w);
    const cotangents = normal(6, 4, 2);
    const inside = vmap(
      (x: Tensor, c: Tensor) => {
        const [, pullback] = vjp(f, x);
        return vmap((c: Tensor) => pullback(c)[0])(c);
      },
      { inAxes: [0, 1] },
    )(x, cotangents);
    const outside = vmap((c: Tensor) => vmap((x: Tensor, c: Tensor) => vjp(f, x)[1](c)[0])(x, c))(cotangents);
    expectSame(inside, outside.permute([1, 0, 2]));
    const [, pullback] = vjp((x: Tensor) => vmap(f)(x), x);
    expectSame(vmap((c: Tensor) => pullback(c)[0])(cotangents), outside);
  });

  test('a derivative along each of several directions', () => {
    const directions = normal(6, 3);
    const f = (x: Tensor) => x.sin().matmul(w);
    const along = vmap((u: Tensor) => jvp(f, [x.index(0)], [u])[1])(directions);
    expectSame(
      along,
      stack(
        examples(directions).map((u) => jvp(f, [x.index(0)], [u])[1]),
        0,
      ),
    );
  });

  test('what is not recorded stays so', () => {
    const p = parameter(w);
    const held = vmap((x: Tensor) => noGrad(() => loss(p, x)))(x);
    expect(held.requiresGrad).toBe(false);
    const halves = vmap((x: Tensor) => loss(p, x).add(loss(p.detach(), x)))(x);
    expectSame(halves.sum().backward().of(p), grad((w: Tensor) => vmap((x: Tensor) => loss(w, x))(x).sum())(w));
    const detached = vmap((x: Tensor) => x.mul(x.detach()).sum());
    expectSame(grad((x: Tensor) => detached(x).sum())(x), x);
  });
});

describe('each example with its own indices', () => {
  const x = normal(3, 4, 2);
  const indices = int32([
    [3, 0],
    [1, 1],
    [2, 3],
  ]);
  type Pair = (x: Tensor, indices: Tensor) => Tensor;
  const pairs: readonly (readonly [string, Pair, Tensor, Tensor])[] = [
    ['take', (x, i) => take(x, i, 0), x, indices],
    ['take along another axis', (x, i) => take(x, i, 1), x.permute([0, 2, 1]), indices],
    ['take by a matrix', (x, i) => take(x, i.reshape([2, 1])), x, indices],
    ['scatterAdd', (x, i) => scatterAdd(x, i, 5, 1), x.permute([0, 2, 1]).slice(2, 0, 2), indices],
    ['gather', (x, i) => gather(x, i, 0), x, int32([[[3, 0]], [[1, 1]], [[2, 3]]])],
    [
      'crossEntropy',
      (x, i) => kernels.crossEntropy(x, i),
      x.slice(1, 0, 2),
      int32([
        [1, 0],
        [0, 0],
        [1, 1],
      ]),
    ],
  ];

  test.each(pairs)('%s', (_, f, x, indices) => {
    const squared: Pair = (x, i) => f(x, i).pow(2).sum();
    for (const [mapX, mapIndices] of [
      [true, true],
      [true, false],
      [false, true],
    ] as const) {
      const inAxes = [mapX ? 0 : null, mapIndices ? 0 : null] as const;
      const loop = (f: Pair): Tensor =>
        stack(
          [0, 1, 2].map((b) => f(x.index(mapX ? b : 0), indices.index(mapIndices ? b : 0))),
          0,
        );
      const run = (f: Pair): Tensor =>
        vmap(f, { inAxes })(mapX ? x : x.index(0), mapIndices ? indices : indices.index(0));
      expectSame(run(f), loop(f));
      expectSame(run(grad(squared as never) as never), loop(grad(squared as never) as never));
    }
  });

  test('out of range in one of them', () => {
    const wrong = int32([
      [3, 0],
      [1, 4],
      [2, 3],
    ]);
    expect(() => vmap((x: Tensor, i: Tensor) => take(x, i))(x, wrong)).toThrow(
      'take: index 4 at position 1 of an example is out of range for an axis of length 4',
    );
    expect(() => vmap((x: Tensor, i: Tensor) => gather(x, i, 0))(x, int32([[[3, 9]], [[0, 0]], [[0, 0]]]))).toThrow(
      'gather: index 9 at position 1 is out of range',
    );
  });
});

describe('inside', () => {
  test('a tensor has the shape of one example', () => {
    const seen: unknown[] = [];
    vmap((x: Tensor) => {
      seen.push(x.shape, x.rank, x.size, x.dtype, String(x));
      return x;
    })(zeros([2, 3, 4]));
    expect(seen).toEqual([[3, 4], 2, 12, 'float32', 'Tensor float32 [3, 4], each of 2 examples']);
  });

  test('there may be no example', () => {
    const f = (x: Tensor) => x.matmul(x.transpose()).softmax(0).take([0, 1], 1).sum(0);
    expect(vmap(f)(zeros([0, 2, 3])).shape).toEqual([0, 2]);
    expect(vmap(grad((x: Tensor) => f(x).sum()))(zeros([0, 2, 3])).shape).toEqual([0, 2, 3]);
  });
});

const unreadable = 'vmap: a tensor represents every example of the batch here, so its elements can’t be read';
const x = zeros([2, 3]);
const refused: readonly { readonly call: () => unknown; readonly message: string }[] = [
  { call: () => vmap((x: Tensor) => tensor(x.sum().item()))(x), message: unreadable },
  { call: () => vmap((x: Tensor) => tensor(x.data))(x), message: unreadable },
  { call: () => vmap((x: Tensor) => tensor(x.toArray() as number[]))(x), message: unreadable },
  {
    call: () => vmap((x: Tensor) => parameter(x))(x),
    message: unreadable,
  },
  {
    call: () => vmap((x: Tensor) => x.mul(x).sum().backward().of(x))(x),
    message: 'backward: inside vmap, use grad(f), which gives each example its own gradient',
  },
  {
    call: () => vmap((x: Tensor, y: Tensor) => x.add(y))(x, zeros([4, 3])),
    message:
      'vmap: expected the same number of examples in each argument, but argument 0 has 2 along axis 0 and argument 1 has 4 along axis 0',
  },
  {
    call: () => vmap((x: Tensor) => x, { inAxes: null })(x),
    message: 'vmap: expected an argument to map over; all of inAxes is null',
  },
  { call: () => vmap((x: Tensor) => x, { inAxes: [0, 0] })(x), message: 'vmap: inAxes has 2 entries, for 1 arguments' },
  { call: () => vmap((x: Tensor) => x, { inAxes: 2 })(x), message: 'vmap: axis 2 is out of range for rank 2' },
  { call: () => vmap((x: Tensor) => x)(tensor(1) as never), message: 'vmap: axis 0 is out of range for rank 0' },
  { call: () => vmap((x: Tensor) => x, { outAxes: 2 })(x), message: 'vmap: axis 2 is out of range for rank 2' },
  {
    call: () => vmap((x: Tensor) => x, { outAxes: null })(x),
    message: 'vmap: outAxes is null for a result that differs between examples',
  },
  {
    call: () => vmap((x: Tensor) => x, { inAxes: [{ w: 0 }] } as never)(x as never),
    message: 'vmap: inAxes for argument 0 is an object, whose structure differs from that of its counterpart',
  },
  {
    call: () => vmap((x: Tensor) => x.shape as never)(x),
    message: 'vmap: the result[0] is 3; expected a tensor, or arrays and plain objects of tensors',
  },
  {
    call: () => vmap((() => 1) as never)(x as never),
    message: 'vmap: the result is 1; expected a tensor, or arrays and plain objects of tensors',
  },
  {
    call: () => {
      let pullback: ((c: Tensor) => readonly Tensor[]) | undefined;
      vmap((x: Tensor) => {
        pullback = vjp((x: Tensor) => x.exp(), x)[1];
        return x;
      })(x);
      return pullback!(zeros([3]));
    },
    message: 'vmap: a function that was made inside vmap was called outside of it',
  },
];

test.each(refused)('$message', ({ call, message }) => {
  expect(call).toThrow(message);
});

test('an error leaves nothing behind', () => {
  expect(() => vmap((x: Tensor) => x.item() as never)(x)).toThrow();
  expect(grad((x: Tensor<Scalar>) => x.mul(x))(tensor(3)).item()).toBe(6);
});
