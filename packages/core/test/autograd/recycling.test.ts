/** A sweep recycles the memory of its cotangents; its results must not depend on the old contents of that memory. */

import { concat, type Random as Generator, Random, slice, type Tensor, Tensor as TensorClass } from '@tapegrad/core';
import { expect, test } from 'vitest';

// Large enough for memory to be recycled.
const shape = [60, 50] as const;

const programs: { readonly [name: string]: (x: Tensor, y: Tensor) => Tensor } = {
  'shared inputs': (x, y) => x.mul(x).add(y.mul(x)).sub(x),
  'views of cotangents': (x, y) => x.transpose().reshape(shape).add(y).permute([1, 0]).reshape([-1]),
  activations: (x, y) => x.tanh().mul(y.sigmoid()).relu().add(x.softplus()),
  'sums of broadcasts': (x, y) =>
    x
      .sum(0)
      .mul(y)
      .add(x.sum(1, { keepDims: true }))
      .mean(0, { keepDims: true })
      .add(x),
  slices: (x, y) => concat([x.index(slice(5, 40)), y.index(slice(0, 25))], 0).mul(x.flip(1)),
  padding: (x, y) =>
    x
      .pad([
        [3, 4],
        [5, 6],
      ])
      .index(slice(2, 62), slice(1, 51))
      .mul(y),
  taking: (x, y) =>
    x
      .take([5, 5, 0, 59], 0)
      .sum(0)
      .mul(
        y.scatterAdd(
          Array.from({ length: 60 }, (_, i) => i % 7),
          60,
        ),
      ),
  products: (x, y) => x.matmul(y.transpose()).matmul(y).mul(x),
  softmax: (x, y) => x.softmax(1).mul(y).add(y.logSoftmax(0)),
  extrema: (x, y) =>
    x
      .maximum(y)
      .add(x.max(0))
      .add(y.min(1, { keepDims: true }))
      .cumsum(1),
};

const leaf = (random: Generator): Tensor => {
  const { array } = random.normal(shape, { dtype: 'float64' });
  return new TensorClass(array, undefined, true);
};

test.each(Object.entries(programs))('%s', (_, program) => {
  const [x, y] = [leaf(new Random(1)), leaf(new Random(2))];
  const gradients = () => {
    const found = program(x, y).sum().backward();
    return [x, y].map((input) => Array.from(found.of(input).data));
  };
  const first = gradients();
  // A sweep of NaN leaves NaN in all the memory that it recycles.
  const bad = program(x, y).sum();
  bad.backward({ seed: bad.detach().mul(Number.NaN) });
  expect(gradients()).toEqual(first);
  const recorded = program(x, y).sum().backward({ createGraph: true });
  expect([x, y].map((input) => Array.from(recorded.of(input).data))).toEqual(first);
});
