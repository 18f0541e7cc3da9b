/** Lists of tensors of unlimited length: values, gradients of any order, tangents, and mapped examples. */

import { concat, grad, jvp, ones, stack, type Tensor, tensor, vmap } from '@tapegrad/core';
import { expect, test } from 'vitest';
import { describeEach } from '../../../../../test/interpreters.ts';

const count = 70_000;
const places = [0, 1, 33_333, count - 1];

const joined = {
  concat: (x: Tensor) => concat(Array<Tensor>(count).fill(x.reshape([1])), 0),
  stack: (x: Tensor) => stack(Array<Tensor>(count).fill(x), 0),
};

describeEach(() => {
  test.each(Object.entries(joined))('%s', (_, join) => {
    const numbers = Array.from({ length: count }, (_, i) => tensor(i, { requiresGrad: true }));
    const list =
      join === joined.stack
        ? stack(numbers, 0)
        : concat(
            numbers.map((x) => x.reshape([1])),
            0,
          );
    const gradients = list.mul(list).sum().backward();
    for (const i of places) {
      expect(list.data[i]).toBe(i);
      expect(gradients.of(numbers[i]!).item()).toBe(2 * i);
    }
  });
}, ['default', 'plain']);

test.each(Object.entries(joined))('%s of very many: second order, a tangent, examples', (_, join) => {
  const mean = (x: Tensor): Tensor => join(x).pow(3).mean();
  const x = tensor(2, { dtype: 'float64' });
  expect(grad((y: Tensor) => grad(mean)(y))(x).item()).toBeCloseTo(12, 9);
  expect(jvp(mean, [x], [tensor(1, { dtype: 'float64' })])[1].item()).toBeCloseTo(12, 9);
  expect(vmap(mean)(ones([2])).toArray()).toEqual([1, 1]);
});
