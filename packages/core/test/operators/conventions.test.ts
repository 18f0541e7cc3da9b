/** Conventions where mathematics leaves a choice, one test for each. They are PyTorch's. */

import {
  acos,
  all,
  any,
  argsort,
  asin,
  atan2,
  cdist,
  ceil,
  clamp,
  cumprod,
  einsum,
  elu,
  type FloatDType,
  floor,
  hardtanh,
  leakyRelu,
  remainder,
  round,
  selu,
  silu,
  sort,
  std,
  type Tensor,
  type TensorOptions,
  tensor,
  topk,
  unique,
} from '@tapegrad/core';
import { setInterpreter, specialKernels } from '@tapegrad/core/extend';
import { binary, unary } from '@tapegrad/kernels';
import { describe, expect, test } from 'vitest';
import { describeEach, interpreters, restoreInterpreter } from '../../../../test/interpreters.ts';

const kernels = specialKernels();
const wanted: TensorOptions = { dtype: 'float64', requiresGrad: true };
const vector = (...values: number[]): Tensor<readonly [number]> => tensor(new Float64Array(values), wanted);

type Unary = (x: Tensor) => Tensor;
type Binary = (x: Tensor, y: Tensor) => Tensor;

/** Returns the gradient of the sum of f. */
const slopes = (f: Unary, ...values: number[]): number[] => {
  const x = vector(...values);
  return [...f(x).sum().backward().of(x).data];
};

/** The gradient of the sum of the gradient of the sum of f: for an elementwise f, its second derivative. */
const curvatures = (f: Unary, ...values: number[]): number[] => {
  const x = vector(...values);
  const slope = f(x).sum().backward({ createGraph: true }).of(x);
  return [...slope.sum().backward().of(x).data];
};

/** The gradients of both operands. */
function bothSlopes(f: Binary, left: readonly number[], right: readonly number[]): number[][] {
  const [x, y] = [vector(...left), vector(...right)];
  const gradients = f(x, y).sum().backward();
  return [[...gradients.of(x).data], [...gradients.of(y).data]];
}

describeEach(() => {
  test("relu'(0) = 0", () => {
    expect(slopes((x) => x.relu(), -1, -0, 0, 1e-300)).toEqual([0, 0, 0, 1]);
  });

  test("abs'(0) = 0", () => {
    expect(slopes((x) => x.abs(), -2, 0, 3)).toEqual([-1, 0, 1]);
  });

  test('max and min over all entries share ties evenly', () => {
    expect(slopes((x) => x.max(), 1, 3, 2, 3)).toEqual([0, 0.5, 0, 0.5]);
    expect(slopes((x) => x.min(), 1, 3, 1, 1, 2)).toEqual([1 / 3, 0, 1 / 3, 1 / 3, 0]);
  });

  test('max and min over an axis give the first', () => {
    expect(slopes((x) => x.max(0), 1, 3, 2, 3)).toEqual([0, 1, 0, 0]);
    expect(slopes((x) => x.reshape([2, 3]).max(1), 1, 3, 3, 2, 2, 0)).toEqual([0, 1, 0, 1, 0, 0]);
    expect(slopes((x) => x.min(0), 3, 1, 1)).toEqual([0, 1, 0]);
  });

  test('max over several axes shares ties evenly', () => {
    expect(slopes((x) => x.reshape([2, 2]).max([0, 1]), 3, 3, 1, 3)).toEqual([1 / 3, 1 / 3, 0, 1 / 3]);
    expect(slopes((x) => x.reshape([2, 2]).max([1]), 3, 3, 1, 2)).toEqual([0.5, 0.5, 0, 1]);
  });

  test('max of a function that is flat in ties has second derivatives', () => {
    expect(curvatures((x) => x.mul(x).max(), 2, 1, -2)).toEqual([1, 0, 1]);
    expect(curvatures((x) => x.mul(x).max(0), 2, 1, -2)).toEqual([2, 0, 0]);
  });

  test('argmax and argmin give the first', () => {
    const x = tensor([1, 3, 1, 3]);
    expect([x.argmax(0).item(), x.argmin(0).item(), x.argmax().item()]).toEqual([1, 0, 1]);
  });

  test('maximum and minimum share a tie half and half', () => {
    expect(bothSlopes((x, y) => x.maximum(y), [1, 2, 3], [2, 2, 2])).toEqual([
      [0, 0.5, 1],
      [1, 0.5, 0],
    ]);
    expect(bothSlopes((x, y) => x.minimum(y), [1, 2, 3], [2, 2, 2])).toEqual([
      [1, 0.5, 0],
      [0, 0.5, 1],
    ]);
    expect(slopes((x) => x.maximum(x), 5)).toEqual([1]);
  });

  test('x^2 at 0 has slope 0 and curvature 2', () => {
    expect(slopes((x) => x.pow(2), 0, 3)).toEqual([0, 6]);
    expect(curvatures((x) => x.pow(2), 0, 3)).toEqual([2, 2]);
  });

  test('x^1 at 0 has slope 1', () => {
    expect(slopes((x) => x.pow(1), 0, -2)).toEqual([1, 1]);
    expect(curvatures((x) => x.pow(1), 0, -2)).toEqual([0, 0]);
  });

  test('x^0 is 1 with slope 0, at 0 too', () => {
    expect([...vector(0, -2, 3).pow(0).data]).toEqual([1, 1, 1]);
    expect(slopes((x) => x.pow(0), 0, -2, 3)).toEqual([0, 0, 0]);
    expect(curvatures((x) => x.pow(0), 0, -2, 3)).toEqual([0, 0, 0]);
  });

  test('0^y for y >= 0 is constant in y, and its mixed derivatives are finite', () => {
    const [x, y] = [vector(0, 0, 0), vector(0, 1, 3)];
    const gradients = x.pow(y).sum().backward({ createGraph: true });
    expect(gradients.of(y).toArray()).toEqual([0, 0, 0]);
    expect(
      gradients
        .of(y)
        .sum()
        .backward({ retainGraph: true, wanted: [y] })
        .of(y)
        .toArray(),
    ).toEqual([0, 0, 0]);
    expect(gradients.of(x).toArray()).toEqual([0, 1, 0]);
  });

  test('x^0.5 at 0 has slope infinity', () => {
    expect(slopes((x) => x.pow(0.5), 0)).toEqual([Infinity]);
  });

  test('prod with one zero', () => {
    // Zeros of either sign.
    expect(slopes((x) => x.prod(), 2, 0, 3, -1).map((slope) => slope + 0)).toEqual([0, -6, 0, 0]);
    // d2 / dx_i dx_j is the product of the others: the sum over j != i.
    expect(curvatures((x) => x.prod(), 2, 0, 3, -1)).toEqual([-3, -3 - 2 + 6, -2, 6]);
  });

  test('prod with two zeros', () => {
    expect(slopes((x) => x.prod(), 0, 5, 0)).toEqual([0, 0, 0]);
    expect(curvatures((x) => x.prod(), 0, 5, 0)).toEqual([5, 0, 5]);
  });

  test('prod with three zeros has third derivatives', () => {
    const x = vector(0, 0, 0);
    const second = x.prod().backward({ createGraph: true }).of(x).sum().backward({ createGraph: true }).of(x);
    expect([...second.sum().backward().of(x).data]).toEqual([2, 2, 2]);
  });

  test("norm'(0) = 0, of any order", () => {
    for (const order of [0.5, 1, 1.5, 2, 3, Infinity]) {
      expect(slopes((x) => x.norm(undefined, { order }), 0, 0)).toEqual([0, 0]);
    }
    expect(curvatures((x) => x.norm(), 0, 0)).toEqual([0, 0]);
  });

  test('norm at an entry that is 0 has slope 0 there', () => {
    for (const order of [0.5, 1, 1.5, 2, 3, Infinity]) {
      const [there, beside] = slopes((x) => x.norm(0, { order }), 0, -2);
      expect(there).toBe(0);
      expect(beside).toBeCloseTo(-1, 12);
    }
  });

  test("softplus'(200) = 1 and softplus(200) = 200", () => {
    expect(vector(200).softplus().item()).toBe(200);
    expect(slopes((x) => x.softplus(), 200, 0)).toEqual([1, 0.5]);
    expect(curvatures((x) => x.softplus(), 200, -800)).toEqual([0, 0]);
  });

  test("sigmoid'(-200) = 0 and does not overflow", () => {
    const [slope] = slopes((x) => x.sigmoid(), -200);
    expect(slope).toBeCloseTo(0, 80);
    expect(slope).toBe(vector(-200).exp().item());
    expect(slopes((x) => x.sigmoid(), -800, 800)).toEqual([0, 0]);
    expect(tensor([-200], { requiresGrad: true }).sigmoid().sum().item()).toBe(0);
  });

  test("sqrt'(0) = infinity", () => {
    expect(slopes((x) => x.sqrt(), 0, 4)).toEqual([Infinity, 0.25]);
    expect(curvatures((x) => x.sqrt(), 0, 4)).toEqual([-Infinity, -1 / 32]);
  });

  test('where keeps an infinite slope from the branch not taken only if its argument is kept from it too', () => {
    const safe: Unary = (x) => {
      const positive = x.greater(0);
      return positive.where(positive.where(x, 1).sqrt(), 0);
    };
    expect(slopes(safe, 0, 4)).toEqual([0, 0.25]);
    expect(slopes((x) => x.greater(0).where(x.sqrt(), 0), 0)).toEqual([Number.NaN]);
  });

  test("clamp'(bound) = 1, hardtanh'(bound) = 0", () => {
    expect(slopes((x) => clamp(x, -1, 1), -2, -1, 0, 1, 2)).toEqual([0, 1, 1, 1, 0]);
    expect(slopes((x) => hardtanh(x), -2, -1, 0, 1, 2)).toEqual([0, 0, 1, 0, 0]);
    expect(clamp(vector(Number.NaN), -1, 1).data[0]).toBeNaN();
  });

  test("asin'(±1) = infinity and acos'(±1) = -infinity, where they are infinitely curved; beyond, NaN", () => {
    expect(slopes(asin, -1, 0, 1)).toEqual([Infinity, 1, Infinity]);
    expect(slopes(acos, -1, 0, 1)).toEqual([-Infinity, -1, -Infinity]);
    expect(curvatures(asin, -1, 0.6, 1)[0]).toBe(-Infinity);
    expect(curvatures(asin, -1, 0.6, 1)[2]).toBe(Infinity);
    expect(slopes(asin, 1.5)).toEqual([Number.NaN]);
  });

  test("asin' keeps its digits near 1", () => {
    const [slope] = slopes(asin, 1 - 2 ** -40);
    expect(slope! * Math.sqrt(2 ** -40 * (2 - 2 ** -40))).toBeCloseTo(1, 14);
  });

  test('atan2 has slopes 0 at the origin, and neither overflows nor vanishes beside it', () => {
    for (const slope of bothSlopes(atan2, [0, -0, 0], [0, 0, -0]).flat()) expect(slope + 0).toBe(0);
    expect(curvatures((x) => atan2(x, x.mul(2)), 0)[0]! + 0).toBe(0);
    const sizes = [1e-200, 1e200];
    const [up, along] = bothSlopes(atan2, sizes, sizes) as [number[], number[]];
    sizes.forEach((size, i) => {
      expect(up[i]! * size).toBeCloseTo(0.5, 15);
      expect(along[i]! * size).toBeCloseTo(-0.5, 15);
    });
  });

  test('elu, selu and leakyRelu have the slope from the left at 0', () => {
    expect(slopes((x) => elu(x, 0.5), 0, -0, 1)).toEqual([0.5, 0.5, 1]);
    expect(slopes(selu, 0)[0]).toBeCloseTo(1.6732632423543772 * 1.0507009873554805, 14);
    expect(slopes((x) => leakyRelu(x, 0.25), 0, -0, 1)).toEqual([0.25, 0.25, 1]);
  });

  test('so have they the curvature', () => {
    expect(curvatures((x) => elu(x, 0.5), 0, -0, 1)).toEqual([0.5, 0.5, 0]);
    expect(curvatures(selu, 0)[0]).toBeCloseTo(1.6732632423543772 * 1.0507009873554805, 14);
  });

  test('elu and silu do not overflow', () => {
    expect(slopes((x) => elu(x), 800, -800)).toEqual([1, 0]);
    expect(slopes((x) => silu(x), 800, -800)).toEqual([1, 0]);
    expect(curvatures((x) => elu(x), 800, -800)).toEqual([0, 0]);
  });

  test('no gradient flows through floor, ceil and round, which takes the even of two', () => {
    for (const f of [floor, ceil, round]) expect(f(vector(0.5)).requiresGrad).toBe(false);
    expect([...round(vector(0.5, 1.5, -0.5, -2.5)).data]).toEqual([0, 2, -0, -2]);
  });

  test('a remainder has the sign of what it is divided by, and by 0 is NaN', () => {
    expect([...remainder(vector(5, -5, 1e-20), -3).data]).toEqual([-1, -2, -3]);
    expect(remainder(vector(1), 0).data[0]).toBeNaN();
    // The quotient rounds to 3, but in floating point 0.3 is slightly less than three times 0.1.
    expect(remainder(vector(0.3), 0.1).item()).toBe(0.3 % 0.1);
    expect(bothSlopes(remainder, [7, -7], [2, 2])).toEqual([
      [1, 1],
      [-3, 4],
    ]);
  });

  test('sorting is stable, and NaN is the largest', () => {
    const x = vector(2, Number.NaN, 1, 2, -Infinity);
    expect(argsort(x).toArray()).toEqual([4, 2, 0, 3, 1]);
    expect(argsort(x, 0, { descending: true }).toArray()).toEqual([1, 0, 3, 2, 4]);
    expect(sort(x).toArray()).toEqual([-Infinity, 1, 2, 2, Number.NaN]);
    expect(topk(x, 2).indices.toArray()).toEqual([1, 0]);
    expect(topk(x, 4, 0, { largest: false }).indices.toArray()).toEqual([4, 2, 0, 3]);
  });

  test('each value once, but for NaN', () => {
    const { values, counts, inverse } = unique(vector(2, Number.NaN, -0, 2, 0, Number.NaN));
    expect(values.toArray()).toEqual([-0, 2, Number.NaN, Number.NaN]);
    expect(counts.toArray()).toEqual([2, 2, 1, 1]);
    expect(inverse.toArray()).toEqual([1, 2, 0, 1, 0, 3]);
  });

  test('cumprod with three zeros has third derivatives', () => {
    const x = vector(0, 0, 0);
    const last = cumprod(x, 0).slice(0, 2).sum();
    const second = last.backward({ createGraph: true }).of(x).sum().backward({ createGraph: true }).of(x);
    expect([...second.sum().backward().of(x).data]).toEqual([2, 2, 2]);
  });

  test('std of equal numbers has slope 0', () => {
    expect(slopes((x) => std(x), 3, 3, 3)).toEqual([0, 0, 0]);
    expect(curvatures((x) => std(x), 3, 3, 3)).toEqual([0, 0, 0]);
  });

  test('the distance of points that coincide has slope 0, of any order', () => {
    const point = tensor([[1, 2]], { dtype: 'float64' });
    for (const order of [1, 1.5, 2, 3, Infinity]) {
      expect(slopes((x) => cdist(x.reshape([1, 2]), point, { order }), 1, 2)).toEqual([0, 0]);
    }
  });

  test('any of nothing is false, all of nothing is true', () => {
    const none = tensor(new Float32Array(0), { shape: [2, 0] });
    expect([any(none).item(), all(none).item()]).toEqual([0, 1]);
    expect(any(none, 1).toArray()).toEqual([0, 0]);
    expect(all(none, 1).toArray()).toEqual([1, 1]);
  });

  test('logSumExp, softmax and logSoftmax do not overflow', () => {
    const x = [1000, 999, -1000];
    expect(
      vector(...x)
        .logSumExp()
        .item(),
    ).toBeCloseTo(1000 + Math.log1p(Math.exp(-1)), 12);
    const sum = (f: Unary) => slopes(f, ...x).reduce((a, b) => a + b);
    expect(sum((y) => y.logSumExp())).toBeCloseTo(1, 14);
    expect(sum((y) => y.softmax(0).slice(0, 0, 1))).toBeCloseTo(0, 14);
    expect(sum((y) => y.logSoftmax(0).slice(0, 0, 1))).toBeCloseTo(0, 14);
  });

  test('the logSumExp of nothing, or of nothing but -infinity, is -infinity', () => {
    expect(tensor([]).logSumExp().item()).toBe(-Infinity);
    expect(tensor([-Infinity, -Infinity]).logSumExp().item()).toBe(-Infinity);
    expect(tensor([Infinity, 1]).logSumExp().item()).toBe(Infinity);
  });

  test('sums and products of nothing are 0 and 1; a mean is NaN', () => {
    const x = tensor(new Float32Array(0), { shape: [2, 0] });
    expect([x.sum().item(), x.prod().item(), x.norm().item(), x.mean().item()]).toEqual([0, 1, 0, Number.NaN]);
    expect(x.norm(1, { order: Infinity }).toArray()).toEqual([0, 0]);
  });

  test('the variance of one number is NaN unless the correction is 0', () => {
    expect(tensor([3]).variance().item()).toBeNaN();
    expect(tensor([3]).variance(0, { correction: 0 }).item()).toBe(0);
  });

  test('a product with no inner dimension is zeros', () => {
    const [x, y] = [
      tensor(new Float64Array(0), { ...wanted, shape: [2, 0] }),
      tensor(new Float64Array(0), { shape: [0, 3] }),
    ];
    const product = x.matmul(y);
    expect(product.toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(product.sum().backward().of(x).shape).toEqual([2, 0]);
  });
});

describeEach(() => {
  const n = 1 << 16;
  const tenth = Math.fround(0.1);

  test('float32 sums pairwise or better', () => {
    const x = tensor(new Float32Array(n).fill(0.1));
    // Sequential summation in float32 would lose 1e-3 of it.
    expect(Math.abs(x.sum().item() / (n * tenth) - 1)).toBeLessThan(1e-7);
    expect(Math.abs(x.mean().item() / tenth - 1)).toBeLessThan(1e-7);
    expect(Math.abs(x.reshape([n / 4, 4]).sum(0).data[3]! / ((n / 4) * tenth) - 1)).toBeLessThan(1e-7);
    expect(Math.abs(x.cumsum(0).data[n - 1]! / (n * tenth) - 1)).toBeLessThan(1e-7);
  });

  test('the sum of a broadcast cotangent too', () => {
    const x = tensor(0.5, { requiresGrad: true });
    const seed = tensor(new Float32Array(n).fill(0.1));
    const gradient = x.broadcastTo([n]).backward({ seed }).of(x);
    expect(Math.abs(gradient.item() / (n * tenth) - 1)).toBeLessThan(1e-7);
  });

  test('the variance of large numbers keeps its digits', () => {
    const x = tensor(Float64Array.from({ length: 4 }, (_, i) => 1e9 + i));
    expect(x.variance().item()).toBe(5 / 3);
  });
});

describe('NaN in, NaN out', () => {
  const dtypes: readonly FloatDType[] = ['float32', 'float64'];
  const ofOne = Object.keys(unary) as (keyof typeof unary)[];
  const ofTwo = Object.keys(binary) as (keyof typeof binary)[];
  const reductions = ['sum', 'mean', 'variance', 'prod', 'max', 'min', 'logSumExp', 'norm'] as const;
  const nan = (dtype: FloatDType, requiresGrad: boolean) => tensor([0.5, Number.NaN, 2], { dtype, requiresGrad });

  const cases: readonly (readonly [name: string, f: Unary])[] = [
    ...ofOne.map((name) => [name, (x: Tensor) => kernels[name](x).slice(0, 1, 2)] as const),
    ...ofTwo.map(
      (name) =>
        [`${name}, left`, (x: Tensor) => kernels[name](x, tensor(1, { dtype: x.dtype })).slice(0, 1, 2)] as const,
    ),
    ...ofTwo.map(
      (name) =>
        [`${name}, right`, (x: Tensor) => kernels[name](tensor(2, { dtype: x.dtype }), x).slice(0, 1, 2)] as const,
    ),
    ...reductions.map((name) => [name, (x: Tensor) => x[name]() as Tensor] as const),
    ...reductions.map((name) => [`${name} of an axis`, (x: Tensor) => x[name](0) as Tensor] as const),
    ['norm, order 3', (x) => x.norm(0, { order: 3 })],
    ['norm, order Infinity', (x) => x.norm(0, { order: Infinity })],
    ['cumsum', (x) => x.cumsum(0).slice(0, 1)],
    ['softmax', (x) => x.softmax(0)],
    ['logSoftmax', (x) => x.logSoftmax(0)],
    ['matmul', (x) => x.matmul(x)],
    ['einsum', (x) => einsum('i,j->ij', x, x).index(1)],
    ['cast', (x) => x.cast('float64').slice(0, 1, 2)],
    ['where', (x) => x.equal(x).where(0, x).slice(0, 1, 2)],
  ];

  test.each(cases)('%s', (_, f) => {
    for (const interpreter of Object.values(interpreters)) {
      setInterpreter(interpreter);
      for (const dtype of dtypes) {
        // If a gradient is needed, max and min along an axis use other code.
        for (const requiresGrad of [false, true])
          expect([...f(nan(dtype, requiresGrad)).data].every(Number.isNaN)).toBe(true);
      }
    }
    restoreInterpreter();
  });

  test('a NaN is where argmax and argmin point', () => {
    expect(nan('float32', false).argmax(0).item()).toBe(1);
    expect(nan('float32', false).argmin(0).item()).toBe(1);
  });

  test('NaN is equal, less and greater to nothing, and different from all', () => {
    const x = nan('float64', false).slice(0, 1, 2);
    const compared = [x.equal(x), x.less(1), x.lessEqual(1), x.greater(1), x.greaterEqual(1), x.notEqual(x)];
    expect(compared.map((y) => y.data[0])).toEqual([0, 0, 0, 0, 0, 1]);
  });

  test('a cotangent passes where a NaN comes from, and no other way', () => {
    expect(bothSlopes((x, y) => x.maximum(y), [Number.NaN, 1], [1, Number.NaN])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(slopes((x) => x.relu(), Number.NaN)).toEqual([1]);
    expect(slopes((x) => x.max(0), 1, Number.NaN)).toEqual([0, 1]);
  });
});
