/** Functions of any shape or length compile, and their results have the shapes that their types say. */

import {
  atan2,
  cdist,
  clamp,
  eye,
  full,
  gelu,
  grad,
  inverse,
  isNaN as isNotANumber,
  logicalAnd,
  maskedFill,
  mul,
  oneHot,
  ones,
  outer,
  type Parameter,
  parameter,
  Random,
  remainder,
  type Shape,
  solve,
  squeeze,
  swapaxes,
  type Tensor,
  tensor,
  unsqueeze,
  valueAndGrad,
  where,
  zeros,
} from '@tapegrad/core';
import { describe, expect, expectTypeOf, test } from 'vitest';

type Vector<N extends number> = Tensor<readonly [N]>;
type Matrix<N extends number, K extends number> = Tensor<readonly [N, K]>;

/** Functions of any shape. */
const ofAnyShape = {
  number: <S extends Shape>(x: Tensor<S>): Tensor<S> => x.mul(2),
  itself: <S extends Shape>(x: Tensor<S>): Tensor<S> => x.mul(x),
  chain: <S extends Shape>(x: Tensor<S>): Tensor<S> => x.mul(2).add(1).sub(x).div(x.abs().add(1)).maximum(0).pow(2),
  functions: <S extends Shape>(x: Tensor<S>): Tensor<S> => mul(2, mul(x, x)),
  scalar: <S extends Shape>(x: Tensor<S>): Tensor<S> => x.sub(x.mean()).div(x.variance().sqrt()),
  comparison: <S extends Shape>(x: Tensor<S>): Tensor<S> => x.less(x).equal(x.greater(0)),
  choice: <S extends Shape>(x: Tensor<S>): Tensor<S> =>
    x
      .greater(0)
      .where(x, 0)
      .add(x.less(0).where(0, x.mul(0.1))),
  choices: <S extends Shape>(x: Tensor<S>): Tensor<S> => where(logicalAnd(x.greater(0), isNotANumber(x)), x, x.neg()),
  filled: <S extends Shape>(x: Tensor<S>): Tensor<S> => maskedFill(x, x.greater(0), 1),
  activation: <S extends Shape>(x: Tensor<S>): Tensor<S> => clamp(gelu(x), 0, 1),
  angle: <S extends Shape>(x: Tensor<S>): Tensor<S> => atan2(x, x).add(remainder(x, 3)).add(remainder(x, x)),
  alike: <S extends Shape>(x: Tensor<S>): Tensor<S> => ones(x.shape).sub(x).add(new Random(1).normal(x.shape)),
  gradient: <S extends Shape>(x: Tensor<S>): Tensor<S> => grad((y: Tensor<S>) => y.mul(y).sum())(x),
  value: <S extends Shape>(x: Tensor<S>): Tensor<S> => valueAndGrad((y: Tensor<S>) => y.exp().mean())(x)[1],
};

describe.each(Object.keys(ofAnyShape) as (keyof typeof ofAnyShape)[])('of any shape: %s', (name) => {
  const shapes: readonly Shape[] = [[], [3], [2, 3], [1, 2, 3]];
  test.each(shapes)('[%s]', (...shape) => {
    expect(ofAnyShape[name](ones(shape)).shape).toEqual(shape);
  });
});

test('a reduction of any shape to one number', () => {
  const distance = <S extends Shape>(x: Tensor<S>, y: Tensor<S>): Tensor<readonly []> => x.sub(y).pow(2).sum();
  expect(distance(ones([2, 3]), zeros([2, 3])).item()).toBe(6);
});

test('vectors of any length', () => {
  const sum = <N extends number>(a: Vector<N>, b: Vector<N>): Vector<N> => a.add(b);
  const dot = <N extends number>(a: Vector<N>): Tensor<readonly []> => a.matmul(a);
  const square = <N extends number>(a: Vector<N>): Matrix<N, N> => outer(a, a);
  const row = <N extends number>(a: Vector<N>): Matrix<1, N> => unsqueeze(a, 0);
  const column = <N extends number>(a: Matrix<N, 1>): Vector<N> => squeeze(a, -1);
  const classes = <N extends number>(labels: Vector<N>): Matrix<N, 10> => oneHot(labels, 10);
  const made = <N extends number>(n: N): Vector<N> =>
    zeros([n])
      .add(ones([n]))
      .mul(full([n], 3));
  const v = tensor([1, 2, 3]);
  expect(sum(v, v).toArray()).toEqual([2, 4, 6]);
  expect(dot(v).item()).toBe(14);
  expect(square(v).shape).toEqual([3, 3]);
  expect(column(row(v).transpose()).shape).toEqual([3]);
  expect(classes(v.cast('int32')).shape).toEqual([3, 10]);
  expect(made(2).toArray()).toEqual([3, 3]);
  expectTypeOf(made(2)).toEqualTypeOf<Vector<2>>();
});

test('matrices of any lengths', () => {
  const layer = <N extends number, K extends number, M extends number>(
    x: Matrix<N, K>,
    w: Matrix<K, M>,
    b: Vector<M>,
  ): Matrix<N, M> => x.matmul(w).add(b).tanh().mul(2).sub(1);
  const fixed = <N extends number>(x: Matrix<N, 3>): Matrix<N, 2> => x.matmul(ones([3, 2])).add(ones([2]));
  const turned = <N extends number, K extends number>(x: Matrix<N, K>): Matrix<K, N> =>
    x
      .transpose()
      .add(swapaxes(x, 0, 1))
      .add(x.permute([1, 0]));
  const centred = <N extends number, K extends number>(x: Matrix<N, K>): Matrix<N, K> =>
    x.sub(x.mean(1, { keepDims: true })).div(x.norm(-1, { keepDims: true }).maximum(1e-8));
  const rows = <N extends number, K extends number>(x: Matrix<N, K>): Vector<N> => x.sum(1).sub(x.max(-1));
  const first = <N extends number, K extends number>(x: Matrix<N, K>): Vector<K> => x.index(0);
  const inverted = <N extends number>(x: Matrix<N, N>, b: Vector<N>): Vector<N> =>
    inverse(x).matmul(b).add(solve(x, b));
  const apart = <N extends number, M extends number, D extends number>(
    x: Matrix<N, D>,
    y: Matrix<M, D>,
  ): Matrix<N, M> => cdist(x, y);
  const attended = <B extends number, N extends number, D extends number>(
    q: Tensor<readonly [B, N, D]>,
    k: Tensor<readonly [B, N, D]>,
  ): Tensor<readonly [B, N, N]> => q.matmul(k.transpose()).softmax(-1);
  const x = ones([4, 3]);
  expect(layer(x, ones([3, 2]), ones([2])).shape).toEqual([4, 2]);
  expect(fixed(x).shape).toEqual([4, 2]);
  expect(turned(x).shape).toEqual([3, 4]);
  expect(centred(x).shape).toEqual([4, 3]);
  expect(rows(x).shape).toEqual([4]);
  expect(first(x).shape).toEqual([3]);
  expect(inverted(eye(3), ones([3])).toArray()).toEqual([2, 2, 2]);
  expect(apart(x, ones([5, 3])).shape).toEqual([4, 5]);
  expect(attended(ones([2, 3, 4]), ones([2, 3, 4])).shape).toEqual([2, 3, 3]);
});

test('a parameter of any shape is assigned', () => {
  const moved = <S extends Shape>(w: Parameter<S>, step: Tensor<S>): void => w.assign(w.detach().sub(step.mul(0.5)));
  const w = parameter(ones([2]));
  moved(w, tensor([2, 4]));
  expect(w.toArray()).toEqual([0, -1]);
});

test('a tensor with lengths that the types do not know is assigned, and checked then', () => {
  const w = parameter(zeros([2, 3]), { name: 'w' });
  const rows: Tensor<readonly [number, number]> = ones([2, 3]);
  const known: Tensor<readonly [number, 3]> = ones([2, 3]);
  const some: Tensor = ones([2, 3]);
  for (const replacement of [() => w.assign(rows), () => w.assign(known), () => w.assign(some)]) {
    w.assign(zeros([2, 3]));
    replacement();
    expect(w.sum().item()).toBe(6);
  }
  const others: Tensor<readonly [number, number]> = zeros([3, 2]);
  expect(() => w.assign(others)).toThrow("assign: 'w' has shape [2, 3], got [3, 2]");
});

test('toArray has the type of its rank', () => {
  const known: number[][] = tensor([
    [1, 2],
    [3, 4],
  ]).toArray();
  const entry: number = tensor([1, 2]).toArray()[0]!;
  const scalar: number = tensor(5).toArray();
  const ofLengths = (x: Tensor<readonly [number, number, number]>): number[][][] => x.toArray();
  const ofAnyLengths = <N extends number>(x: Matrix<N, 3>): number[][] => x.toArray();
  expect([known, entry, scalar]).toEqual([
    [
      [1, 2],
      [3, 4],
    ],
    1,
    5,
  ]);
  expect(ofLengths(ones([1, 1, 2]))).toEqual([[[1, 1]]]);
  expect(ofAnyLengths(ones([1, 3]))).toEqual([[1, 1, 1]]);
  expectTypeOf(zeros([2, 3]).sum(0).toArray()).toEqualTypeOf<number[]>();
  expectTypeOf(zeros([1, 1, 1, 1, 1, 1]).toArray()).toEqualTypeOf<number[][][][][][]>();
});

test('where of two numbers is of float32', () => {
  const mask = tensor([true, false]);
  for (const chosen of [mask.where(1, 0), where(mask, 1, 0)]) {
    expect(chosen.dtype).toBe('float32');
    expect(chosen.toArray()).toEqual([1, 0]);
    expectTypeOf(chosen).toEqualTypeOf<Tensor<readonly [2]>>();
  }
  expect(mask.where(1, tensor([5, 6], { dtype: 'int32' })).dtype).toBe('int32');
});
