/** Cosines of vectors of any length, of empty vectors, and of vectors with the same direction. */

import {
  ArgumentError,
  cosineSimilarity,
  type FloatDType,
  Random,
  type Tensor,
  tensor,
  vmap,
  zeros,
} from '@tapegrad/core';
import { gradcheck } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import { describeEach } from '../../../../test/interpreters.ts';

const dtypes = ['float32', 'float64'] as const;
const vector = (elements: readonly number[], dtype: FloatDType): Tensor =>
  tensor(Float64Array.from(elements), { dtype, requiresGrad: true });

describeEach(() => {
  describe.each(dtypes)('%s', (dtype) => {
    const epsilon = dtype === 'float32' ? 2 ** -23 : 2 ** -52;

    test.each([1e-8, 1e-30, 1e-60, 1e-320, 0])('of vectors of zeros it is 0, with eps %d', (eps) => {
      for (const other of [
        [0, 0],
        [3, 4],
      ]) {
        const [x, y] = [vector([0, 0], dtype), vector(other, dtype)];
        const cosine = cosineSimilarity(x, y, -1, { eps });
        expect(cosine.item()).toBe(0);
        const gradients = cosine.backward();
        expect([...gradients.of(y).data].map(Math.abs)).toEqual([0, 0]);
        if (eps > 1e-20) expect([...gradients.of(x).data].every(Number.isFinite)).toBe(true);
      }
    });

    test('it never exceeds 1, and its gradient there is that of the vectors', () => {
      const random = new Random(1);
      for (let i = 0; i < 300; i++) {
        const x = random.normal([7], { dtype: 'float64' }).data as Float64Array;
        const factor = Math.exp(4 * random.next() - 2) * (i % 2 === 0 ? 1 : -1);
        const cosine = cosineSimilarity(
          vector([...x], dtype),
          vector(
            [...x].map((number) => number * factor),
            dtype,
          ),
        ).item();
        expect(Math.abs(cosine)).toBeLessThanOrEqual(1);
        expect(Math.abs(cosine - Math.sign(factor))).toBeLessThan(8 * epsilon);
        // Nearly the same direction: the gradient is small, but not 0.
        const near = x.map((number, j) => number * (1 + (j % 2 === 0 ? 1e-4 : -1e-4)));
        const [a, b] = [[...x], [...near]].map((elements) => vector(elements, dtype));
        const [p, q] = [[...x], [...near]].map((elements) => vector(elements, 'float64'));
        const gradient = [...cosineSimilarity(a!, b!).backward().of(a!).data];
        const exact = [...cosineSimilarity(p!, q!).backward().of(p!).data];
        const size = 1 / Math.hypot(...x);
        gradient.forEach((slope, j) => {
          expect(Math.abs(slope - exact[j]!)).toBeLessThan(20 * epsilon * size);
        });
      }
    });

    test('it does not depend on lengths', () => {
      const scales =
        dtype === 'float32' ? [1e-30, 1e-20, 1, 1e20, 1e37, 3e38] : [1e-250, 1e-160, 1, 1e160, 1e307, 1.7e308];
      for (const left of scales) {
        for (const right of scales) {
          const [x, y] = [vector([left, left, -left], dtype), vector([right, 0, right / 2], dtype)];
          const cosine = cosineSimilarity(x, y, -1, { eps: 0 });
          expect(cosine.item()).toBeCloseTo(0.5 / Math.sqrt(3 * 1.25), 6);
          const slopes = [...cosine.backward().of(x).data];
          if (left >= 1e-20) expect(slopes.every(Number.isFinite)).toBe(true);
        }
      }
      const rows = tensor(
        [
          [1, 1],
          [3e38, 3e38],
        ],
        { dtype },
      );
      expect([...cosineSimilarity(rows, tensor([1, 0], { dtype })).data].map((cosine) => cosine.toFixed(6))).toEqual([
        '0.707107',
        '0.707107',
      ]);
    });

    test('NaN and infinite vectors have none', () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(cosineSimilarity(vector([bad, 1], dtype), vector([1, 1], dtype)).item()).toBeNaN();
      }
    });
  });

  test('each example inside vmap has its own', () => {
    const x = tensor(
      [
        [3, 4],
        [0, 0],
        [1e200, 1e200],
      ],
      { dtype: 'float64' },
    );
    const cosine = (v: Tensor): Tensor => cosineSimilarity(v, tensor([1, 0], { dtype: 'float64' }));
    expect([...vmap(cosine)(x as Tensor).data]).toEqual([0, 1, 2].map((i) => cosine(x.index(i)).item()));
  });

  test('it has its derivatives, to second order', () => {
    const [x, y] = [1, 2].map((seed) => new Random(seed).normal([3, 4], { dtype: 'float64' }) as Tensor);
    expect(gradcheck((a, b) => cosineSimilarity(a, b), [x!, y!], { order: 2 }).passed).toBe(true);
    expect(gradcheck((a, b) => cosineSimilarity(a, b, 0), [x!, y!], { order: 2 }).passed).toBe(true);
  });
});

test.each([-1, Number.NaN])('eps %d is refused', (eps) => {
  const call = (): Tensor => cosineSimilarity(zeros([2]), zeros([2]), -1, { eps });
  expect(call).toThrow(ArgumentError);
  expect(call).toThrow(`cosineSimilarity: eps is ${eps}, expected a number >= 0`);
});
