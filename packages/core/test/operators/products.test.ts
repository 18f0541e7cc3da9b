/**
 * Products whose partial products overflow or underflow, and products of very many numbers: values and slopes to the
 * last digits.
 */

import { cumprod, type FloatDType, hessian, jvp, type Tensor, tensor, vmap } from '@tapegrad/core';
import { gradcheck } from '@tapegrad/verify';
import { expect, test } from 'vitest';
import { describeEach } from '../../../../test/interpreters.ts';

const dtypes = ['float32', 'float64'] as const;
const far = { float32: 2 ** 100, float64: 2 ** 1000 } as const;

/** Returns the value and the gradient of the sum. */
function outcome(f: (x: Tensor) => Tensor, elements: readonly number[], dtype: FloatDType): [number[], number[]] {
  const x = tensor([...elements], { dtype, requiresGrad: true });
  const y = f(x);
  return [[...y.data], [...y.sum().backward().of(x).data]];
}

/** Returns all permutations of a list. */
const ordersOf = (list: readonly number[]): number[][] =>
  list.length < 2
    ? [[...list]]
    : list.flatMap((first, i) => ordersOf(list.toSpliced(i, 1)).map((rest) => [first, ...rest]));

describeEach(() => {
  test('powers of ten that take turns', () => {
    const [value, slopes] = outcome((x) => x.prod(), [1e30, 1e-30, 1e30, 1e-30], 'float32');
    expect(value[0]).toBeCloseTo(1, 6);
    slopes.forEach((slope, i) => {
      expect(slope / [1e-30, 1e30, 1e-30, 1e30][i]!).toBeCloseTo(1, 6);
    });
  });

  test('no order of the factors lets a product overflow or vanish on the way', () => {
    for (const dtype of dtypes) {
      const [up, down] = [far[dtype], 1 / far[dtype]];
      for (const list of ordersOf([up, up, down, down, 3])) {
        expect(outcome((x) => x.prod(), list, dtype)).toEqual([[3], list.map((x) => 3 / x)]);
        expect(outcome((x) => x.reshape([5, 1]).prod(0), list, dtype)).toEqual([[3], list.map((x) => 3 / x)]);
      }
    }
  });

  test('zeros among them', () => {
    for (const dtype of dtypes) {
      const [up, down] = [far[dtype], 1 / far[dtype]];
      expect(outcome((x) => x.prod(), [0, up, up, down, down], dtype)).toEqual([[0], [1, 0, 0, 0, 0]]);
      expect(outcome((x) => x.prod(), [0, up, up, 0, down], dtype)).toEqual([[0], [0, 0, 0, 0, 0]]);
    }
  });

  test('second derivatives', () => {
    const [up, down] = [2 ** 100, 2 ** -100];
    const second = hessian((x: Tensor) => x.prod())(tensor([up, down, up, down])).toArray();
    // float32 can't represent 2^200 and 2^-200.
    expect(second).toEqual([
      [0, 1, 0, 1],
      [1, 0, 1, Infinity],
      [0, 1, 0, 1],
      [1, Infinity, 1, 0],
    ]);
    const x = tensor(
      [
        [0.5, -2, 0],
        [0, 3, 0.1],
        [1, 2, 3],
      ],
      { dtype: 'float64' },
    );
    for (const axes of [0, 1, [0, 1]]) {
      const { passed } = gradcheck((y: Tensor) => y.prod(axes) as Tensor, [x]);
      expect(passed).toBe(true);
    }
    expect(gradcheck((y: Tensor) => cumprod(y, 1), [x]).passed).toBe(true);
    expect(gradcheck((y: Tensor) => cumprod(y, 0), [x]).passed).toBe(true);
  });

  test('running products come back from beyond all numbers', () => {
    for (const dtype of dtypes) {
      const [up, down] = [far[dtype], 1 / far[dtype]];
      const products = (list: readonly number[]) => [...cumprod(tensor([...list], { dtype }), 0).data];
      expect(products([up, down, up, down])).toEqual([up, 1, up, 1]);
      expect(products([up, up, down, down])).toEqual([up, Infinity, up, 1]);
      expect(products([down, down, down, up, up, up, 3])).toEqual([down, 0, 0, 0, down, 1, 3]);
      expect(products([down, 0, up])).toEqual([down, 0, 0]);
    }
    expect(outcome((x) => cumprod(x, 0).slice(0, -1), [1e30, 1e30, 1e-30, 1e-30], 'float32')[1][2]).toBeCloseTo(
      1e30,
      -24,
    );
  });

  test('running products over examples, forwards, and of int32', () => {
    const x = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { dtype: 'float64' },
    );
    const expected = [
      [1, 2, 6],
      [4, 20, 120],
    ];
    expect(vmap((row: Tensor) => cumprod(row, 0))(x).toArray()).toEqual(expected);
    expect(cumprod(x.cast('int32'), 1).toArray()).toEqual(expected);
    expect(cumprod(x.transpose(), 0).toArray()).toEqual([
      [1, 4],
      [2, 20],
      [6, 120],
    ]);
    const [, tangent] = jvp((y: Tensor) => cumprod(y, 0), [tensor([2, 0, 3])], [tensor([1, 1, 1])]);
    expect(tangent.toArray()).toEqual([1, 2, 6]);
    expect(cumprod(tensor([65536, 65537], { dtype: 'int32' }), 0).toArray()).toEqual([65536, 65536]);
  });
});

describeEach(() => {
  const n = 100_000;
  const elements = Float32Array.from({ length: n }, (_, i) => 1 + (((i * 7919) % n) / n - 0.5) * 2e-3);
  const products = new Float64Array(n);
  elements.forEach((x, i) => {
    products[i] = x * (products[i - 1] ?? 1);
  });
  const last = products.at(-1)!;
  const within = (actual: number, expected: number) => Math.abs(actual - expected) <= 2 ** -23 * Math.abs(expected);

  test('100,000 factors of float32 cost no digits, nor do their slopes', () => {
    const x = tensor(elements, { requiresGrad: true });
    const y = x.prod();
    expect(within(y.item(), last)).toBe(true);
    const slopes = y.backward().of(x).data;
    expect(elements.every((factor, i) => within(slopes[i]!, last / factor))).toBe(true);
  });

  test('nor do running products', () => {
    const x = tensor(elements, { requiresGrad: true });
    const y = cumprod(x, 0);
    expect(products.every((product, i) => within(y.data[i]!, product))).toBe(true);
    const slopes = y.sum().backward().of(x).data;
    const total = products.reduce((sum, product) => sum + product, 0);
    expect(within(slopes[0]! / 2, total / elements[0]! / 2)).toBe(true);
  });

  test('in float64 an error grows with the root of their number', () => {
    const x = tensor(Float64Array.from(elements));
    expect(Math.abs(x.prod().item() / last - 1)).toBeLessThan(Math.sqrt(n) * 2 ** -52);
    expect(Math.abs(cumprod(x, 0).data[n - 1]! / last - 1)).toBeLessThan(Math.sqrt(n) * 2 ** -52);
  });
}, ['default', 'plain']);
