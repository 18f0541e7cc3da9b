/** The effect of infinities and NaN on values and slopes, and the elements they must not affect. */

import {
  atan2,
  cdist,
  cholesky,
  clamp,
  hardtanh,
  jvp,
  qr,
  remainder,
  sort,
  type Tensor,
  tensor,
  topk,
  vmap,
} from '@tapegrad/core';
import { kernels } from '@tapegrad/core/extend';
import { expect, test } from 'vitest';
import { describeEach } from '../../../../../test/interpreters.ts';

const vector = (...values: number[]): Tensor => tensor(new Float64Array(values), { requiresGrad: true });
const listOf = (x: Tensor): number[] => Array.from(x.data, (element) => element + 0);

type Unary = (x: Tensor) => Tensor;
type Binary = (x: Tensor, y: Tensor) => Tensor;

/** The gradient of the sum of f. */
const slopes = (f: Unary, ...values: number[]): number[] => {
  const x = vector(...values);
  return listOf(f(x).sum().backward().of(x));
};

/** The gradient of the sum of that gradient. */
const curvatures = (f: Unary, ...values: number[]): number[] => {
  const x = vector(...values);
  return listOf(f(x).sum().backward({ createGraph: true }).of(x).sum().backward().of(x));
};

/** The gradients of both operands. */
function bothSlopes(f: Binary, left: readonly number[], right: readonly number[]): number[][] {
  const [x, y] = [vector(...left), vector(...right)];
  const gradients = f(x, y).sum().backward();
  return [listOf(gradients.of(x)), listOf(gradients.of(y))];
}

/** Returns the cotangents of a function's operands, given those of its result. */
function sharesOf(f: (...x: Tensor[]) => Tensor, cotangents: readonly number[], ...operands: number[][]): number[][] {
  const x = operands.map((values) => vector(...values));
  const gradients = f(...x).backward({ seed: vector(...cotangents).detach() });
  return x.map((operand) => listOf(gradients.of(operand)));
}

const [inf, nan] = [Infinity, Number.NaN];

describeEach(() => {
  test('what loses gets nothing, whatever arrives', () => {
    expect(slopes((x) => x.maximum(0).sqrt(), -1, 1)).toEqual([0, 0.5]);
    for (const g of [inf, -inf, nan]) {
      expect(sharesOf((x, y) => x!.maximum(y!), [g, g], [1, 3], [2, 2])).toEqual([
        [0, g],
        [g, 0],
      ]);
      expect(sharesOf((x, y) => x!.minimum(y!), [g, g], [1, 3], [2, 2])).toEqual([
        [g, 0],
        [0, g],
      ]);
      expect(sharesOf((x) => x!.max().reshape([1]), [g], [1, 3, 2])).toEqual([[0, g, 0]]);
      expect(sharesOf((x) => x!.min([0]).reshape([1]), [g], [1, 3, 2])).toEqual([[g, 0, 0]]);
      expect(sharesOf((x) => x!.max(0).reshape([1]), [g], [1, 3, 2])).toEqual([[0, g, 0]]);
      expect(sharesOf((x) => x!.abs(), [g, g], [0, 2])).toEqual([[0, g]]);
      expect(sharesOf((x) => x!.relu(), [g, g], [0, 2])).toEqual([[0, g]]);
      expect(sharesOf((x) => clamp(x!, -1, 1), [g, g, g], [-2, 0, 2])).toEqual([[0, g, 0]]);
      expect(sharesOf((x) => hardtanh(x!), [g, g, g], [-1, 0, 1])).toEqual([[0, g, 0]]);
      expect(sharesOf((x) => x!.greater(0).where(x!, 1), [g, g], [-1, 1])).toEqual([[0, g]]);
      expect(sharesOf((x) => sort(x!).slice(0, 0, 1), [g], [3, 1, 2])).toEqual([[0, g, 0]]);
      expect(sharesOf((x) => topk(x!, 1).values, [g], [3, 1, 2])).toEqual([[g, 0, 0]]);
      expect(sharesOf((x) => x!.pow(0), [g, g], [0, 2])).toEqual([[0, 0]]);
      expect(sharesOf((x, y) => x!.pow(y!), [g, g], [0, 0], [0, 2])[1]).toEqual([0, 0]);
      expect(sharesOf((x, y) => atan2(x!, y!), [g], [0], [0])).toEqual([[0], [0]]);
      expect(sharesOf((x, y) => remainder(x!, y!), [g, g], [1, 5], [3, 3])[1]).toEqual([0, g * -1]);
      expect(sharesOf((x) => x!.norm(undefined, { order: inf }).reshape([1]), [g], [1, -3])).toEqual([[0, -g]]);
    }
  });

  test('what arrives at the zeros of a triangular factor is not looked at', () => {
    const a = [4, 1, 1, 3];
    const matrices = (x: Tensor): Tensor => x.reshape([2, 2]);
    for (const g of [inf, nan]) {
      const lower = (above: number) => sharesOf((x) => cholesky(matrices(x!)).reshape([4]), [1, above, 2, 3], a);
      expect(lower(g)).toEqual(lower(0));
      const upper = (below: number) => sharesOf((x) => qr(matrices(x!)).r.reshape([4]), [1, 2, below, 3], a);
      expect(upper(g)).toEqual(upper(0));
    }
  });

  test('nor to any other order, nor on the way forward', () => {
    const half = (x: Tensor): Tensor => x.maximum(0).sqrt();
    expect(curvatures(half, -1, 1)).toEqual([0, -0.25]);
    expect(curvatures((x) => half(x).mul(half(x)), -1, 1)).toEqual([0, 0]);
    expect(curvatures((x) => x.minimum(0).neg().sqrt(), -1, 1)).toEqual([-0.25, 0]);
    expect(curvatures((x) => x.abs().pow(1.5), 0, 1)).toEqual([0, 0.75]);
    const [, tangent] = jvp((x: Tensor) => x.max(), [tensor([1, 3, 2])], [tensor([inf, 5, nan])]);
    expect(tangent.item()).toBe(5);
    const [, kept] = jvp((x: Tensor) => x.maximum(2), [tensor([1, 3])], [tensor([nan, 5])]);
    expect(listOf(kept)).toEqual([0, 5]);
  });

  test('over several axes, and over examples, the gradient is on the NaN alone', () => {
    expect(slopes((x) => x.max(), 1, nan, 2)).toEqual([0, 1, 0]);
    expect(slopes((x) => x.min(), 1, nan, 2, nan)).toEqual([0, 0.5, 0, 0.5]);
    expect(slopes((x) => x.reshape([2, 2]).max([1]), 1, nan, 3, 3)).toEqual([0, 1, 0.5, 0.5]);
    expect(slopes((x) => x.max(), inf, nan, inf)).toEqual([0, 1, 0]);
    expect(slopes((x) => x.norm(undefined, { order: inf }), 1, nan)[0]).toBe(0);
    expect(slopes((x) => vmap((row: Tensor) => row.max())(x.reshape([2, 2])), 1, nan, 3, 2)).toEqual([0, 1, 1, 0]);
    const [, tangent] = jvp((x: Tensor) => x.max(), [tensor([1, nan])], [tensor([7, 5])]);
    expect(tangent.item()).toBe(5);
  });

  test('beside a NaN, both operands of maximum and minimum get all', () => {
    for (const f of [(x: Tensor, y: Tensor) => x.maximum(y), (x: Tensor, y: Tensor) => x.minimum(y)]) {
      expect(bothSlopes(f, [nan, 1], [1, nan])).toEqual([
        [1, 1],
        [1, 1],
      ]);
    }
  });

  test('a NaN passes its cotangent through relu, clamp and hardtanh; |x| has no slope there', () => {
    expect(slopes((x) => x.relu(), nan)).toEqual([1]);
    expect(slopes((x) => clamp(x, -1, 1), nan)).toEqual([1]);
    expect(slopes((x) => hardtanh(x), nan)).toEqual([1]);
    expect(slopes((x) => x.abs(), nan)).toEqual([nan]);
  });

  test('logSumExp has the limits of its slopes at infinities', () => {
    const f = (x: Tensor): Tensor => x.logSumExp();
    expect(slopes(f, -inf, -inf)).toEqual([0, 0]);
    expect(slopes(f, inf, 0)).toEqual([1, 0]);
    expect(slopes(f, inf, -inf, inf)).toEqual([0.5, 0, 0.5]);
    expect(slopes(f, nan, inf)).toEqual([nan, nan]);
    for (const x of [
      [-inf, -inf],
      [inf, 0],
    ]) {
      expect(curvatures(f, ...x)).toEqual([0, 0]);
      expect(
        vector(...x)
          .logSumExp()
          .item(),
      ).toBe(x[0]);
    }
    const rows = tensor(
      [
        [-inf, -inf],
        [inf, 3],
        [0, 0],
        [-inf, 2],
      ],
      { dtype: 'float64', requiresGrad: true },
    );
    const y = rows.logSumExp(1);
    expect(listOf(y)).toEqual([-inf, inf, Math.log(2), 2]);
    expect(listOf(y.sum().backward().of(rows))).toEqual([0, 0, 1, 0, 0.5, 0.5, 0, 1]);
    expect(slopes((x) => vmap((row: Tensor) => row.logSumExp())(x.reshape([2, 2])), -inf, -inf, 1, 1)).toEqual([
      ...[0, 0, 0.5, 0.5],
    ]);
  });

  test('softmax, logSoftmax and crossEntropy are NaN throughout a row whose largest entry is infinite', () => {
    const label = tensor([1], { dtype: 'int32' });
    for (const row of [
      [inf, 1, -inf],
      [inf, inf, 0],
      [-inf, -inf, -inf],
    ]) {
      const x = tensor([[...row], [0, 0, -inf]], { dtype: 'float64', requiresGrad: true });
      const [shares, logs] = [x.softmax(1), x.logSoftmax(1)];
      expect(listOf(shares)).toEqual([nan, nan, nan, 0.5, 0.5, 0]);
      expect(listOf(logs)).toEqual([nan, nan, nan, -Math.log(2), -Math.log(2), -inf]);
      const labels = tensor([1, 1], { dtype: 'int32' });
      const losses = kernels.crossEntropy(x, labels);
      expect(listOf(losses)).toEqual([nan, Math.log(2)]);
      const weights = vector(1, 2, 3).detach();
      const derivatives = [shares.mul(weights).sum(), losses.sum()].map((y) => listOf(y.backward().of(x)));
      expect(derivatives[0]).toEqual([nan, nan, nan, -0.25, 0.25, 0]);
      expect(derivatives[1]).toEqual([nan, nan, nan, 0.5, -0.5, 0]);
    }
    expect(kernels.crossEntropy(tensor([[-inf, 1]]), label).item()).toBe(0);
  });

  test('atan2 has slopes 0 beside an infinity', () => {
    const [left, right] = [
      [inf, -inf, 1, -1, inf, -inf, 0],
      [1, -1, inf, -inf, inf, inf, -inf],
    ];
    for (const slope of bothSlopes(atan2, left!, right!).flat()) expect(slope).toBe(0);
    const [x, y] = [vector(...left!), vector(...right!)];
    const first = atan2(x, y).sum().backward({ createGraph: true });
    const second = first.of(x).add(first.of(y)).sum().backward();
    for (const z of [x, y]) for (const slope of listOf(second.of(z))) expect(slope).toBe(0);
  });

  test('the slope of a remainder in an infinite modulus is 0 or 1, and by 0 it is NaN', () => {
    const [x, y] = [
      [5, -5, 5, 0, -1e-20],
      [inf, inf, -inf, inf, 3],
    ];
    expect(listOf(remainder(vector(...x!), vector(...y!)))).toEqual([5, inf, -inf, 0, 3]);
    expect(bothSlopes(remainder, x!, y!)).toEqual([
      [1, 1, 1, 1, 1],
      [0, 1, 1, 0, 1],
    ]);
    expect(bothSlopes(remainder, [5], [0])).toEqual([[1], [nan]]);
  });

  test('powers of infinities are those of IEEE 754', () => {
    const powers = [0.5, 1.5, -0.5, 2, 3, -1, 0].map((exponent) => vector(-inf).pow(exponent).item() + 0);
    expect(powers).toEqual([inf, inf, 0, inf, -inf, 0, 1]);
    expect(vector(-inf).sqrt().item()).toBe(nan);
  });

  test('over no axes, each element is reduced by itself', () => {
    const x = tensor(
      [
        [1, -2],
        [3, 0.5],
      ],
      { dtype: 'float64', requiresGrad: true },
    );
    for (const name of ['sum', 'mean', 'prod', 'max', 'min', 'logSumExp'] as const) {
      const y = x[name]([]) as Tensor;
      expect(y.toArray()).toEqual(x.toArray());
      expect(listOf(y.sum().backward().of(x))).toEqual([1, 1, 1, 1]);
    }
    for (const order of [1, 2, 3, inf]) expect(listOf(x.norm([], { order })).map(Math.fround)).toEqual([1, 2, 3, 0.5]);
    expect(listOf(x.variance([], { correction: 0 }))).toEqual([0, 0, 0, 0]);
    expect(listOf(x.variance([]))).toEqual([nan, nan, nan, nan]);
    expect(listOf(x.softmax([]))).toEqual([1, 1, 1, 1]);
    expect(listOf(x.logSoftmax([]))).toEqual([0, 0, 0, 0]);
    expect(x.flip([]).toArray()).toEqual(x.toArray());
  });

  test('the norm of nothing is 0, of any order', () => {
    const none = tensor(new Float64Array(0), { shape: [2, 0], requiresGrad: true });
    for (const order of [0.5, 1, 2, 3, inf]) {
      const y = none.norm(1, { order });
      expect(y.toArray()).toEqual([0, 0]);
      expect(y.sum().backward().of(none).shape).toEqual([2, 0]);
    }
  });

  test('the largest differences share the slope of a distance of order infinity', () => {
    const points = tensor([[1, 1, 0]], { dtype: 'float64' });
    expect(slopes((x) => cdist(x.reshape([1, 3]), points, { order: inf }), 0, 2, 0.5)).toEqual([-0.5, 0.5, 0]);
  });
});
