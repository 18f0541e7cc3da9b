/** The compile-time shapes equal those at run time. Programs that must not compile are in `types/`. */

import * as core from '@tapegrad/core';
import { parameter, Random, type Shape, type Tensor, tensor, zeros } from '@tapegrad/core';
import type { Nested } from '@tapegrad/core/extend';
import { type Entry, tapeOf } from '@tapegrad/core/tape';
import { describe, expect, expectTypeOf, test } from 'vitest';

/** A length unknown to the compiler. */
const n: number = 5;
/** A tensor whose shape is unknown to the compiler. */
const some: Tensor = zeros([5, 4]);

const x = zeros([5, 4]);
const rows = zeros([n, 4]);
const batch = zeros([2, 5, 4]);

/** Checks that a shape agrees with its type. */
const expectShape = <const S extends Shape>(actual: Tensor<S>, shape: Shape) => {
  expect(actual.shape).toEqual(shape);
  return expectTypeOf<S>();
};

test('making', () => {
  expectShape(zeros([64, 784]), [64, 784]).toEqualTypeOf<readonly [64, 784]>();
  expectShape(core.ones([]), []).toEqualTypeOf<readonly []>();
  expectShape(core.full([n, 3], 1), [5, 3]).toEqualTypeOf<readonly [number, 3]>();
  expectShape(core.eye(3), [3, 3]).toEqualTypeOf<readonly [3, 3]>();
  expectShape(core.arange(4), [4]).toEqualTypeOf<readonly [number]>();
  expectShape(new Random(1).normal([2, 3]), [2, 3]).toEqualTypeOf<readonly [2, 3]>();
  expectShape(new Random(1).permutation(7), [7]).toEqualTypeOf<readonly [number]>();
  const shape: Shape = [2, 3];
  expectShape(zeros(shape), [2, 3]).toEqualTypeOf<Shape>();
});

test('from arrays', () => {
  expectShape(tensor(1), []).toEqualTypeOf<readonly []>();
  expectShape(tensor([1, 2, 3]), [3]).toEqualTypeOf<readonly [3]>();
  expectShape(
    tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]),
    [2, 3],
  ).toEqualTypeOf<readonly [2, 3]>();
  expectShape(tensor([[[1], [2]]]), [1, 2, 1]).toEqualTypeOf<readonly [1, 2, 1]>();
  const list: number[] = [1, 2];
  expectShape(tensor(list), [2]).toEqualTypeOf<readonly [number]>();
  expectShape(tensor([list, list]), [2, 2]).toEqualTypeOf<readonly [2, number]>();
  const nested = x.toArray() as Nested<number>;
  expectShape(tensor(nested), [5, 4]).toEqualTypeOf<Shape>();
  expectShape(tensor(new Float32Array(6)), [6]).toEqualTypeOf<readonly [number]>();
  expectShape(tensor(new Float32Array(6), { shape: [2, 3] }), [2, 3]).toEqualTypeOf<readonly [2, 3]>();
  expectShape(tensor([1, 2, 3, 4], { shape: [2, 2] }), [2, 2]).toEqualTypeOf<readonly [2, 2]>();
});

test('one operand', () => {
  expectShape(x.exp(), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(core.exp(rows), [5, 4]).toEqualTypeOf<readonly [number, 4]>();
  expectShape(x.cast('float64'), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(x.softmax(1), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(x.cumsum(0).flip(1), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(x.detach(), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(some.tanh(), [5, 4]).toEqualTypeOf<Shape>();
});

test('two operands', () => {
  expectShape(x.add(x), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(x.add(1), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(x.mul(zeros([4])), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(zeros([4]).mul(x), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(zeros([5, 1]).sub(zeros([1, 4])), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(zeros([3, 1, 1]).div(x), [3, 5, 4]).toEqualTypeOf<readonly [3, 5, 4]>();
  expectShape(x.less(zeros([])), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(core.add(x, zeros([4])), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(core.add(2, x), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
});

test('two operands, lengths or ranks unknown', () => {
  expectShape(rows.add(zeros([4])), [5, 4]).toEqualTypeOf<readonly [number, 4]>();
  // An unknown length is compatible with a known one; the result has the known one.
  expectShape(rows.add(x), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(x.add(some), [5, 4]).toEqualTypeOf<Shape>();
  expectShape(some.add(x), [5, 4]).toEqualTypeOf<Shape>();
  expectShape(some.add(some), [5, 4]).toEqualTypeOf<Shape>();
  expectShape(core.add(some, 1), [5, 4]).toEqualTypeOf<Shape>();
});

test('matmul', () => {
  const w = zeros([4, 3]);
  expectShape(x.matmul(w), [5, 3]).toEqualTypeOf<readonly [5, 3]>();
  expectShape(core.matmul(x, w), [5, 3]).toEqualTypeOf<readonly [5, 3]>();
  expectShape(rows.matmul(w), [5, 3]).toEqualTypeOf<readonly [number, 3]>();
  expectShape(zeros([5, n - 1]).matmul(w), [5, 3]).toEqualTypeOf<readonly [5, 3]>();
  expectShape(batch.matmul(w), [2, 5, 3]).toEqualTypeOf<readonly [2, 5, 3]>();
  expectShape(batch.matmul(zeros([2, 4, 3])), [2, 5, 3]).toEqualTypeOf<readonly [2, 5, 3]>();
  expectShape(zeros([7, 1, 5, 4]).matmul(zeros([2, 4, 3])), [7, 2, 5, 3]).toEqualTypeOf<readonly [7, 2, 5, 3]>();
  expectShape(x.matmul(zeros([4])), [5]).toEqualTypeOf<readonly [5]>();
  expectShape(zeros([4]).matmul(w), [3]).toEqualTypeOf<readonly [3]>();
  expectShape(zeros([4]).matmul(zeros([2, 4, 3])), [2, 3]).toEqualTypeOf<readonly [2, 3]>();
  expectShape(zeros([4]).matmul(zeros([4])), []).toEqualTypeOf<readonly []>();
  expectShape(x.matmul(some.transpose()), [5, 5]).toEqualTypeOf<Shape>();
  expectShape(some.matmul(w), [5, 3]).toEqualTypeOf<Shape>();
});

test('reductions', () => {
  expectShape(x.sum(), []).toEqualTypeOf<readonly []>();
  expectShape(some.sum(), []).toEqualTypeOf<readonly []>();
  expectShape(x.sum(0), [4]).toEqualTypeOf<readonly [4]>();
  expectShape(x.sum(1), [5]).toEqualTypeOf<readonly [5]>();
  expectShape(x.mean(-1), [5]).toEqualTypeOf<readonly [5]>();
  expectShape(batch.max(1), [2, 4]).toEqualTypeOf<readonly [2, 4]>();
  expectShape(batch.max(-3), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(rows.variance(1), [5]).toEqualTypeOf<readonly [number]>();
  expectShape(rows.norm(0), [4]).toEqualTypeOf<readonly [4]>();
  expectShape(core.argmax(x, 1), [5]).toEqualTypeOf<readonly [5]>();
  expectShape(x.argmin(), []).toEqualTypeOf<readonly []>();
  expectShape(core.sum(x, 0), [4]).toEqualTypeOf<readonly [4]>();
  expectShape(core.mean(x), []).toEqualTypeOf<readonly []>();
});

test('reductions that keep their axes', () => {
  expectShape(x.sum(0, { keepDims: true }), [1, 4]).toEqualTypeOf<readonly [1, 4]>();
  expectShape(x.sum(-1, { keepDims: true }), [5, 1]).toEqualTypeOf<readonly [5, 1]>();
  expectShape(x.sum(undefined, { keepDims: true }), [1, 1]).toEqualTypeOf<readonly [1, 1]>();
  expectShape(x.sum(0, { keepDims: false }), [4]).toEqualTypeOf<readonly [4]>();
  expectShape(batch.variance(1, { keepDims: true, correction: 0 }), [2, 1, 4]).toEqualTypeOf<readonly [2, 1, 4]>();
  // The result of broadcasting back is known, too.
  expectShape(x.sub(x.mean(-1, { keepDims: true })), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
});

test('reductions over axes that the compiler does not count', () => {
  const axis: number = 1;
  expectShape(x.sum(axis), [5]).toEqualTypeOf<Shape>();
  expectShape(batch.sum([0, 2]), [5]).toEqualTypeOf<Shape>();
  expectShape(some.sum(0), [4]).toEqualTypeOf<Shape>();
});

test('transpose and permute', () => {
  expectShape(x.transpose(), [4, 5]).toEqualTypeOf<readonly [4, 5]>();
  expectShape(batch.transpose(), [2, 4, 5]).toEqualTypeOf<readonly [2, 4, 5]>();
  expectShape(core.transpose(rows), [4, 5]).toEqualTypeOf<readonly [4, number]>();
  expectShape(batch.permute([2, 0, 1]), [4, 2, 5]).toEqualTypeOf<readonly [4, 2, 5]>();
  expectShape(core.permute(x, [1, 0]), [4, 5]).toEqualTypeOf<readonly [4, 5]>();
  expectShape(some.transpose(), [4, 5]).toEqualTypeOf<Shape>();
  expectShape(some.permute([1, 0]), [4, 5]).toEqualTypeOf<Shape>();
  const order: number[] = [1, 0];
  expectShape(x.permute(order), [4, 5]).toEqualTypeOf<Shape>();
});

test('reshape and broadcastTo', () => {
  expectShape(x.reshape([2, 10]), [2, 10]).toEqualTypeOf<readonly [2, 10]>();
  expectShape(x.reshape([-1, 2]), [10, 2]).toEqualTypeOf<readonly [number, 2]>();
  expectShape(some.reshape([20]), [20]).toEqualTypeOf<readonly [20]>();
  expectShape(core.reshape(x, [20]), [20]).toEqualTypeOf<readonly [20]>();
  expectShape(x.broadcastTo([3, 5, 4]), [3, 5, 4]).toEqualTypeOf<readonly [3, 5, 4]>();
});

test('what depends on values has a shape of its own at run time', () => {
  expectShape(x.index(x.equal(0)), [20]).toEqualTypeOf<Shape>();
  expectShape(core.einsum('ij->j', x), [4]).toEqualTypeOf<Shape>();
});

test('index', () => {
  const { slice } = core;
  expectShape(x.index(0), [4]).toEqualTypeOf<readonly [4]>();
  expectShape(x.index(-1, 2), []).toEqualTypeOf<readonly []>();
  expectShape(x.index(), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(batch.index(slice(1), null, n - 1), [1, 1, 4]).toEqualTypeOf<readonly [number, 1, 4]>();
  expectShape(x.index(0, 0, null), [1]).toEqualTypeOf<readonly [1]>();
  expectShape(x.index(null, tensor([0, 1], { dtype: 'int32' })), [1, 2, 4]).toEqualTypeOf<Shape>();
  expectShape(some.index(0), [4]).toEqualTypeOf<Shape>();
  const places: number[] = [0, 1];
  expectShape(x.index(...places), []).toEqualTypeOf<Shape>();
});

test('where', () => {
  const condition = x.greater(0);
  expectShape(condition.where(x, 0), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(condition.where(0, zeros([4])), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(condition.where(zeros([2, 1, 1]), rows), [2, 5, 4]).toEqualTypeOf<readonly [2, 5, 4]>();
  expectShape(core.where(rows.greater(0), rows, 1), [5, 4]).toEqualTypeOf<readonly [number, 4]>();
  expectShape(condition.where(some, x), [5, 4]).toEqualTypeOf<Shape>();
});

test('pad', () => {
  const none = [0, 0] as const;
  expectShape(batch.pad([none, [1, 2], [0, 0]]), [2, 8, 4]).toEqualTypeOf<readonly [2, 8, 4]>();
  expectShape(
    core.pad(
      rows,
      [
        [0, 0],
        [n, 0],
      ],
      1,
    ),
    [5, 9],
  ).toEqualTypeOf<readonly [number, number]>();
  expectShape(some.pad([none, none]), [5, 4]).toEqualTypeOf<Shape>();
  const widths: [number, number][] = [
    [0, 0],
    [0, 0],
  ];
  expectShape(x.pad(widths), [5, 4]).toEqualTypeOf<Shape>();
});

test('an axis of another length leaves the others as they are', () => {
  expectShape(x.slice(0, 1, 3), [2, 4]).toEqualTypeOf<readonly [number, 4]>();
  expectShape(batch.slice(-1, 1), [2, 5, 3]).toEqualTypeOf<readonly [2, 5, number]>();
  expectShape(some.slice(0, 1), [4, 4]).toEqualTypeOf<Shape>();
  expectShape(core.concat([x, x], 0), [10, 4]).toEqualTypeOf<readonly [number, 4]>();
  expectShape(core.concat([x, zeros([1, 4])], 0), [6, 4]).toEqualTypeOf<readonly [number, 4]>();
  expectShape(core.concat([x, rows], 1), [5, 8]).toEqualTypeOf<readonly [number, number]>();
  expectShape(core.concat([x, some], 0), [10, 4]).toEqualTypeOf<Shape>();
  expectShape(core.stack([x, x], 0), [2, 5, 4]).toEqualTypeOf<readonly [number, 5, 4]>();
  expectShape(core.stack([x, rows], -1), [5, 4, 2]).toEqualTypeOf<readonly [number, 4, number]>();
  expectShape(core.stack([some], 0), [1, 5, 4]).toEqualTypeOf<Shape>();
});

test('indices give their own shape', () => {
  const indices = tensor([[0, 1, 1]], { dtype: 'int32' });
  expectShape(x.take(indices), [1, 3, 4]).toEqualTypeOf<readonly [1, 3, 4]>();
  expectShape(x.take(indices, 1), [5, 1, 3]).toEqualTypeOf<readonly [5, 1, 3]>();
  expectShape(core.take(x, [0, 1], -1), [5, 2]).toEqualTypeOf<readonly [5, number]>();
  expectShape(some.take(indices, 1), [5, 1, 3]).toEqualTypeOf<Shape>();
  const picked = tensor([[0, 1, 1, 0]], { dtype: 'int32' });
  expectShape(x.gather(picked, 0), [1, 4]).toEqualTypeOf<readonly [1, 4]>();
});

test('a gradient has the shape of what it is the gradient of', () => {
  const w = parameter(zeros([4, 3]));
  expectTypeOf(w.shape).toEqualTypeOf<readonly [4, 3]>();
  const gradients = x.matmul(w).sum().backward();
  expectShape(gradients.of(w), [4, 3]).toEqualTypeOf<readonly [4, 3]>();
});

test('a tensor of a known shape serves where any is wanted', () => {
  const list: readonly Tensor[] = [x, batch, rows];
  const rank = (y: Tensor): number => y.rank;
  expect(list.map(rank)).toEqual([2, 3, 2]);
  expectTypeOf(x).toExtend<Tensor<readonly [number, 4]>>();
  expectTypeOf(x).toExtend<Tensor<readonly [number, number]>>();
  expectTypeOf(x).not.toExtend<Tensor<readonly [number, 5]>>();
  expectTypeOf(some).not.toExtend<Tensor<readonly [number, 4]>>();
});

test('axes added, dropped, swapped and cut', () => {
  expectShape(core.unsqueeze(x, 0), [1, 5, 4]).toEqualTypeOf<readonly [1, 5, 4]>();
  expectShape(core.unsqueeze(rows, 1), [5, 1, 4]).toEqualTypeOf<readonly [number, 1, 4]>();
  expectShape(core.unsqueeze(x, -1), [5, 4, 1]).toEqualTypeOf<readonly [5, 4, 1]>();
  expectShape(core.unsqueeze(x, -2), [5, 1, 4]).toEqualTypeOf<readonly [5, 1, 4]>();
  expectShape(core.unsqueeze(tensor(1), 0), [1]).toEqualTypeOf<readonly [1]>();
  expectShape(core.unsqueeze(x, n - 4), [5, 1, 4]).toEqualTypeOf<Shape>();
  expectShape(core.unsqueeze(some, 0), [1, 5, 4]).toEqualTypeOf<Shape>();
  const thin = zeros([1, 5, 1]);
  expectShape(core.squeeze(thin), [5]).toEqualTypeOf<readonly [5]>();
  expectShape(core.squeeze(thin, 0), [5, 1]).toEqualTypeOf<readonly [5, 1]>();
  expectShape(core.squeeze(thin, -1), [1, 5]).toEqualTypeOf<readonly [1, 5]>();
  expectShape(core.squeeze(thin, [0, 2]), [5]).toEqualTypeOf<Shape>();
  expectShape(core.squeeze(rows), [5, 4]).toEqualTypeOf<Shape>();
  expectShape(core.swapaxes(batch, 0, 2), [4, 5, 2]).toEqualTypeOf<readonly [4, 5, 2]>();
  expectShape(core.swapaxes(batch, 0, -1), [4, 5, 2]).toEqualTypeOf<readonly [4, 5, 2]>();
  expectShape(core.swapaxes(batch, -1, -2), [2, 4, 5]).toEqualTypeOf<readonly [2, 4, 5]>();
  expectShape(core.swapaxes(some, 0, 1), [4, 5]).toEqualTypeOf<Shape>();
  expectShape(batch.permute([-1, 0, 1]), [4, 2, 5]).toEqualTypeOf<readonly [4, 2, 5]>();
  expectShape(core.split(x, 2)[0]!, [2, 4]).toEqualTypeOf<readonly [number, 4]>();
  expectShape(core.chunk(x, 2, 1)[0]!, [5, 2]).toEqualTypeOf<readonly [5, number]>();
  expectShape(core.repeat(x, 2, -1), [5, 8]).toEqualTypeOf<readonly [5, number]>();
  expectShape(core.roll(x, 1), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
});

test('linear algebra', () => {
  const squares = core.eye(3).add(zeros([2, 1, 1]));
  expectShape(core.solve(core.eye(3), zeros([3, 2])), [3, 2]).toEqualTypeOf<readonly [3, 2]>();
  expectShape(core.solve(core.eye(3), zeros([3])), [3]).toEqualTypeOf<readonly [3]>();
  expectShape(core.inverse(squares), [2, 3, 3]).toEqualTypeOf<readonly [2, 3, 3]>();
  expectShape(core.det(squares), [2]).toEqualTypeOf<readonly [2]>();
  expectShape(core.cholesky(squares), [2, 3, 3]).toEqualTypeOf<readonly [2, 3, 3]>();
  expectShape(core.eigh(squares).values, [2, 3]).toEqualTypeOf<readonly [2, 3]>();
  expectShape(core.qr(core.eye(3)).r, [3, 3]).toEqualTypeOf<readonly [3, 3]>();
  expectShape(core.svd(x).vt, [4, 4]).toEqualTypeOf<readonly [number, 4]>();
  expectShape(core.svdvals(x), [4]).toEqualTypeOf<readonly [number]>();
});

test('order, selection and distances', () => {
  expectShape(core.sort(x), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(core.topk(x, 2).values, [5, 2]).toEqualTypeOf<readonly [5, 2]>();
  expectShape(core.topk(x, 3, 0).indices, [3, 4]).toEqualTypeOf<readonly [3, 4]>();
  expectShape(core.topk(x, n - 2, 0).indices, [3, 4]).toEqualTypeOf<readonly [number, 4]>();
  expectShape(core.any(x, 1), [5]).toEqualTypeOf<readonly [5]>();
  expectShape(core.std(x, 0, { keepDims: true }), [1, 4]).toEqualTypeOf<readonly [1, 4]>();
  expectShape(core.outer(zeros([3]), zeros([4])), [3, 4]).toEqualTypeOf<readonly [3, 4]>();
  expectShape(core.outer(some.index(0), zeros([3])), [4, 3]).toEqualTypeOf<readonly [number, number]>();
  expectShape(core.tril(batch), [2, 5, 4]).toEqualTypeOf<readonly [2, 5, 4]>();
  expectShape(core.oneHot(zeros([2, 3], { dtype: 'int32' }), 4), [2, 3, 4]).toEqualTypeOf<readonly [2, 3, 4]>();
  expectShape(core.cdist(x, zeros([3, 4])), [5, 3]).toEqualTypeOf<readonly [5, 3]>();
  expectShape(core.cdist(x, zeros([2, 3, 4])), [2, 5, 3]).toEqualTypeOf<readonly [2, 5, 3]>();
  expectShape(core.cdist(some, x), [5, 5]).toEqualTypeOf<Shape>();
  expectShape(core.clamp(rows, 0, 1), [5, 4]).toEqualTypeOf<readonly [number, 4]>();
  expectShape(core.atan2(x, zeros([4])), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(core.logicalAnd(x, zeros([4])), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
});

test('a function of tensors of any lengths keeps what is known of them', () => {
  const dense = <In extends number, Out extends number>(
    z: Tensor<readonly [number, In]>,
    w: Tensor<readonly [In, Out]>,
  ): Tensor<readonly [number, Out]> => z.matmul(w as Tensor).relu() as Tensor<readonly [number, Out]>;
  expectShape(dense(rows, zeros([4, 3])), [5, 3]).toEqualTypeOf<readonly [number, 3]>();
});

test('operations of a program', () => {
  const typed = core.defineOp<<S extends Shape>(x: Tensor<S>) => Tensor<S>>({
    name: 'typed',
    forward: (y) => y.mul(y),
    vjp: (g, _y, y) => g.mul(y).mul(2),
  });
  expectShape(typed(x), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  expectShape(typed(rows), [5, 4]).toEqualTypeOf<readonly [number, 4]>();
  expectShape(typed(some), [5, 4]).toEqualTypeOf<Shape>();
  const inferred = core.defineOp({
    name: 'inferred',
    forward: (y: Tensor<readonly [5, 4]>, options: { readonly by: number }) => y.sum(1).mul(options.by),
    vjp: (g, _y, y, { by }) => g.mul(by).reshape([-1, 1]).broadcastTo(y.shape),
  });
  expectShape(inferred(x, { by: 2 }), [5]).toEqualTypeOf<readonly [5]>();
  const exact = core.defineOp({
    name: 'exact',
    forward: (a: Tensor<readonly [2, 3]>, b: Tensor<readonly [3]>) => a.matmul(b),
    vjp: (g, y, a, b) => {
      expectTypeOf(g).toEqualTypeOf<Tensor<readonly [2]>>();
      expectTypeOf(y).toEqualTypeOf<Tensor<readonly [2]>>();
      return [g.reshape([2, 1]).mul(b), a.transpose().matmul(g)];
    },
  });
  expectShape(exact(zeros([2, 3]), zeros([3])), [2]).toEqualTypeOf<readonly [2]>();
});

describe('functions of functions', () => {
  type Parameters = { readonly weight: Tensor<readonly [4, 2]>; readonly biases: readonly [Tensor<readonly [2]>] };
  const parameters: Parameters = { weight: zeros([4, 2]), biases: [zeros([2])] };
  const predict = (p: Parameters, z: Tensor<readonly [4]>) => z.matmul(p.weight).add(p.biases[0]);
  const loss = (p: Parameters, z: Tensor<readonly [4]>) => predict(p, z).sum();
  const z = zeros([4]);

  test('gradients have the shapes of the arguments', () => {
    expectShape(core.grad((x: Tensor<readonly [3]>) => x.sum())(zeros([3])), [3]).toEqualTypeOf<readonly [3]>();
    expectShape(core.grad((x: Tensor) => x.sum())(x), [5, 4]).toEqualTypeOf<Shape>();
    const gradient = core.grad(loss)(parameters, z);
    expectTypeOf(gradient).toEqualTypeOf<core.TensorTree<Parameters>>();
    expectShape(gradient.weight, [4, 2]).toEqualTypeOf<readonly [4, 2]>();
    expectShape(gradient.biases[0], [2]).toEqualTypeOf<readonly [2]>();
    expectShape(core.grad(loss, { argument: 1 })(parameters, z), [4]).toEqualTypeOf<readonly [4]>();
    const [byZ, byP] = core.grad(loss, { argument: [1, 0] })(parameters, z);
    expectShape(byZ, [4]).toEqualTypeOf<readonly [4]>();
    expectShape(byP.weight, [4, 2]).toEqualTypeOf<readonly [4, 2]>();
    const w = parameter(zeros([3]));
    expectTypeOf(core.grad((w: core.Parameter<readonly [3]>) => w.sum())(w)).toEqualTypeOf<Tensor<readonly [3]>>();
    const [value] = core.valueAndGrad(loss)(parameters, z);
    expectShape(value, []).toEqualTypeOf<readonly []>();
    const [[, aux]] = core.valueAndGrad((x: Tensor<readonly [4]>) => [x.sum(), { n: 1 }] as const, { hasAux: true })(z);
    expectTypeOf(aux).toEqualTypeOf<{ readonly n: 1 }>();
  });

  test('products have those of results and arguments', () => {
    const [y, pullback] = core.vjp(predict, parameters, z);
    expectShape(y, [2]).toEqualTypeOf<readonly [2]>();
    const [p, dz] = pullback(zeros([2]));
    expectShape(p.weight, [4, 2]).toEqualTypeOf<readonly [4, 2]>();
    expectShape(dz, [4]).toEqualTypeOf<readonly [4]>();
    const [, tangent] = core.jvp(predict, [parameters, z], [parameters, z]);
    expectShape(tangent, [2]).toEqualTypeOf<readonly [2]>();
    expectShape(core.hvp(loss, [parameters, z], [parameters, z])[1], [4]).toEqualTypeOf<readonly [4]>();
  });

  test('a Jacobian has the axes of the result, then those of the argument', () => {
    const derivative = core.jacobian(predict)(parameters, z);
    expectShape(derivative.weight, [2, 4, 2]).toEqualTypeOf<readonly [2, 4, 2]>();
    expectShape(core.jacobian(predict, { argument: 1 })(parameters, z), [2, 4]).toEqualTypeOf<readonly [2, 4]>();
    const second = core.hessian(loss)(parameters, z);
    expectShape(second.biases[0].weight, [2, 4, 2]).toEqualTypeOf<readonly [2, 4, 2]>();
    expectShape(core.jacobian((x: Tensor) => x)(z), [4, 4]).toEqualTypeOf<Shape>();
  });

  test('vmap adds the axis of the examples', () => {
    expectShape(core.vmap(predict, { inAxes: [null, 0] })(parameters, rows), [5, 2]).toEqualTypeOf<
      readonly [number, 2]
    >();
    const rowSums = (x: Tensor<readonly [2, 4]>) => x.sum(1);
    expectShape(core.vmap(rowSums)(zeros([5, 2, 4])), [5, 2]).toEqualTypeOf<readonly [number, 2]>();
    expectShape(core.vmap(rowSums, { inAxes: 1, outAxes: -1 })(zeros([2, 5, 4])), [2, 5]).toEqualTypeOf<
      readonly [2, number]
    >();
    const gradients = core.vmap(core.grad(loss), { inAxes: [null, 0] })(parameters, rows);
    expectShape(gradients.weight, [5, 4, 2]).toEqualTypeOf<readonly [number, 4, 2]>();
    const axis: number = 0;
    expectShape(core.vmap(rowSums, { outAxes: axis })(zeros([5, 2, 4])), [5, 2]).toEqualTypeOf<Shape>();
  });

  test('stopGradient changes no shape', () => {
    expectShape(core.stopGradient(x), [5, 4]).toEqualTypeOf<readonly [5, 4]>();
  });
});

test('the entries of a tape take tensors of any shape', () => {
  const entries = tapeOf(
    parameter(zeros([2, 3]))
      .exp()
      .sum(),
  );
  expectTypeOf(entries).toEqualTypeOf<Entry<Tensor>[]>();
  expect(entries[0]!.inputs[0]!.shape).toEqual([2, 3]);
});

test('a hook sees a cotangent of its tensor’s shape', () => {
  core.registerHook(parameter(zeros([2, 3])), (g) => {
    expectTypeOf(g).toEqualTypeOf<Tensor<readonly [2, 3]>>();
    return undefined;
  });
});
