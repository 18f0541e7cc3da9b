/**
 * An operation that no composition gives: y with y + y^3 = x, near x for small x and near the cube root of x for large ones.
 * Its forward pass solves an equation for each element, and its gradient needs nothing of how.
 */

import { add, defineOp, type Shape, type Tensor, tensor } from '@tapegrad/core';

/** Newton's method, from a start beyond the root, from where it comes down to it and never past it. */
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

/** Elements are read, so the tape sees none of this. */
const forward = (x: Tensor): Tensor => tensor(x.data.map(solve), { shape: x.shape });

/** y with y + y^3 = x, element by element. Differentiating both sides gives y' (1 + 3 y^2) = 1. */
export const softCubeRoot = defineOp<Elementwise>({
  name: 'softCubeRoot',
  forward,
  // With tensor operations on the result y, through which the second derivative finds its way too.
  vjp: (g, y) => g.div(add(1, y.mul(y).mul(3))),
});

/**
 * The same with 1 + 3 y^2 = (3 x - 2 y) / y put in: as right as the rule above, in every number but one. At x = 0 it is 0/0.
 */
export const carelessCubeRoot = defineOp<Elementwise>({
  name: 'carelessCubeRoot',
  forward,
  vjp: (g, y, x) => g.mul(y).div(x.mul(3).sub(y.mul(2))),
});
