/** Compares fused primitives with the compositions they replace. */

import { ones, Random, type Shape, type Tensor, type TensorOptions, tensor, zeros } from '@tapegrad/core';
import { kernels as k } from '@tapegrad/core/extend';
import { expect, test } from 'vitest';
import { describeEach } from '../../../../test/interpreters.ts';
import { expectClose } from '../close.ts';

const wanted: TensorOptions = { dtype: 'float64', requiresGrad: true };

/** Returns a function's value, its gradient, and the gradient of a random linear combination of the gradient. */
function derivatives(f: (x: Tensor) => Tensor, x: Tensor): Tensor[] {
  const y = f(x);
  const random = new Random(3);
  const seed = random.normal(y.shape, { dtype: 'float64' });
  const first = y.backward({ seed, createGraph: true }).of(x);
  if (!first.requiresGrad) return [y, first, zeros(x.shape)];
  const second = first
    .mul(random.normal(x.shape, { dtype: 'float64' }))
    .sum()
    .backward()
    .of(x);
  return [y, first, second];
}

function expectSame(f: (x: Tensor) => Tensor, g: (x: Tensor) => Tensor, x: Tensor): void {
  const expected = derivatives(g, x);
  derivatives(f, x).forEach((actual, order) => {
    expectClose(actual, [...expected[order]!.data], 1e-12);
  });
}

const composed = (labels: Tensor) => (x: Tensor) =>
  x
    .logSoftmax(1)
    .gather(labels.reshape([labels.size, 1]), 1)
    .reshape([labels.size])
    .neg();

describeEach(() => {
  test('crossEntropy is the negative log-softmax at the label', () => {
    const random = new Random(1);
    for (const [rows, classes] of [
      [1, 1],
      [3, 5],
      [17, 10],
      [4, 33],
    ] as const) {
      const logits = tensor(random.normal([rows, classes], { dtype: 'float64', std: 3 }).data, {
        ...wanted,
        shape: [rows, classes],
      });
      const labels = random.integers([rows], 0, classes);
      expectSame((x) => k.crossEntropy(x, labels), composed(labels), logits);
    }
  });

  test('crossEntropy of no rows', () => {
    const logits = tensor(new Float64Array(0), { ...wanted, shape: [0, 3] });
    const labels = tensor(new Int32Array(0));
    expectSame((x) => k.crossEntropy(x, labels), composed(labels), logits);
  });

  test('crossEntropy neither overflows nor hides what is infinite or no number', () => {
    const rows = [
      [1000, 0],
      [-1000, 0],
      [-Infinity, 0],
      [0, Number.NaN],
    ];
    const logits = tensor(rows, { dtype: 'float64' });
    const labels = tensor([1, 0, 0, 0], { dtype: 'int32' });
    expect(k.crossEntropy(logits, labels).toArray()).toEqual([1000, 1000, Infinity, Number.NaN]);
    const slope = k.crossEntropyGrad(ones([4], { dtype: 'float64' }), logits, labels);
    expect(slope.toArray()).toEqual([
      [1, -1],
      [-1, 1],
      [-1, 1],
      [Number.NaN, Number.NaN],
    ]);
  });

  test('crossEntropy of views', () => {
    const logits = tensor(new Random(5).normal([4, 3], { dtype: 'float64' }).data, { ...wanted, shape: [4, 3] });
    const labels = tensor([1, 0, 2, 1, 0, 2], { dtype: 'int32' });
    const transposed = (x: Tensor) => x.transpose();
    expectSame(
      (x) => k.crossEntropy(transposed(x), labels.slice(0, 4, 1, -1)),
      (x) => composed(labels.slice(0, 4, 1, -1))(transposed(x)),
      logits,
    );
    expectSame(
      (x) => k.crossEntropy(x.flip([0, 1]), labels.slice(0, 1, 5)),
      (x) => composed(labels.slice(0, 1, 5))(x.flip([0, 1])),
      logits,
    );
  });

  test('affine is a product and a sum', () => {
    const random = new Random(2);
    for (const [shape, n] of [
      [[4, 3], 5],
      [[4, 3], 1],
      [[2, 4, 3], 5],
      [[2, 4, 0], 5],
      [[0, 3], 5],
    ] as const) {
      const depth = shape.at(-1)!;
      const leaf = (s: Shape) => tensor(random.normal(s, { dtype: 'float64' }).data, { ...wanted, shape: s });
      const [x, w, b] = [leaf(shape), leaf([depth, n]), leaf([n])];
      const withEach = (f: (x: Tensor, w: Tensor, b: Tensor) => Tensor) => [
        (t: Tensor) => f(t, w, b).tanh(),
        (t: Tensor) => f(x, t, b).tanh(),
        (t: Tensor) => f(x, w, t).tanh(),
      ];
      const fused = withEach((...args) => k.affine(...args));
      const composed = withEach((x, w, b) => x.matmul(w).add(b));
      [x, w, b].forEach((input, i) => {
        expectSame(fused[i]!, composed[i]!, input);
      });
    }
  });

  test('the slopes of tanh, sigmoid and relu are those of their formulas', () => {
    const x = tensor([-3, -0.5, 0.25, 2], wanted);
    const one = tensor(1, { dtype: 'float64' });
    expectSame(
      (y) => y.tanh(),
      (y) => y.mul(2).exp().sub(1).div(y.mul(2).exp().add(1)),
      x,
    );
    expectSame(
      (y) => y.sigmoid(),
      (y) => one.div(y.neg().exp().add(1)),
      x,
    );
    expectSame(
      (y) => y.relu(),
      (y) => y.greater(0).where(y, 0),
      x,
    );
  });
});
