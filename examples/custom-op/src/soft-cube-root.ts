/**
 * An operation that can't be composed: y with y + y^3 = x. It is near x for small x, and near the cube root of x for
 * large x. The forward pass solves an equation for each element; the gradient doesn't depend on how.
 */

import { add, defineOp, type Shape, type Tensor, tensor } from '@tapegrad/core';

/** Solves by Newton's method, starting above the root; the iterates then decrease to it monotonically. */
function solve(x: number): number {
  const size = Math.abs(x);
  let y = Math.min(size, Math.cbrt(size));
  for (;;) {
    const next = y - (y + y ** 3 - size) / (1 + 3 * y * y);
    if (!(next < y)) return Math.sign(x) * y;
    y = next;
  }
}

type Elementwise = <S extends Shape>(x: Tensor<S>) => Tensor<S>;

/** Reads the elements directly, so the tape doesn't see this computation. */
const forward = (x: Tensor): Tensor => tensor(x.data.map(solve), { shape: x.shape });

/** Returns y with y + y^3 = x, elementwise. Differentiating both sides gives y' (1 + 3 y^2) = 1. */
export const softCubeRoot = defineOp<Elementwise>({
  name: 'softCubeRoot',
  forward,
  // Uses tensor operations on the result y, so that it can be differentiated again.
  vjp: (g, y) => g.div(add(1, y.mul(y).mul(3))),
});

/** The same operation with 1 + 3 y^2 = (3 x - 2 y) / y substituted. This is correct except at x = 0, where it is 0/0. */
export const carelessCubeRoot = defineOp<Elementwise>({
  name: 'carelessCubeRoot',
  forward,
  vjp: (g, y, x) => g.mul(y).div(x.mul(3).sub(y.mul(2))),
});
