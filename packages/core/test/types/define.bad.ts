import { defineOp, type Shape, type Tensor, zeros } from '@tapegrad/core';

const exact = defineOp({
  name: 'exact',
  forward: (a: Tensor<readonly [2, 3]>, b: Tensor<readonly [3]>) => a.matmul(b),
  vjp: (g, _y, a, b) => [g.reshape([2, 1]).mul(b), a.transpose().matmul(g)],
});

exact(zeros([2, 4]), zeros([3]));
// error: Type '4' is not assignable to type '3'

exact(zeros([2, 3]));
// error: Expected 2 arguments, but got 1

const typed = defineOp<<S extends Shape>(x: Tensor<S>) => Tensor<S>>({
  name: 'typed',
  forward: (x) => x.mul(x),
  vjp: (g, _y, x) => g.mul(x).mul(2),
});

export const wrong: Tensor<readonly [3]> = typed(zeros([2]));
// error: Type '2' is not assignable to type '3'

defineOp({
  name: 'tooFew',
  forward: (a: Tensor, b: Tensor) => a.mul(b),
  vjp: (g, _y, _a, b) => [g.mul(b)],
  // error: Type '[Tensor<Shape>]' is not assignable to type 'readonly [Cotangent, Cotangent]'
});

defineOp({
  name: 'numbers',
  forward: (a: Tensor) => a.mul(2),
  vjp: () => 2,
  // error: Type 'number' is not assignable to type 'VjpResult<
});

defineOp({
  name: 'inner',
  forward: (a: Tensor<readonly [2, 3]>, b: Tensor<readonly [4]>) => a.matmul(b),
  // error: ShapeError<"matmul: inner dimensions 3 and 4 differ">
  vjp: (g) => [g, g],
});
