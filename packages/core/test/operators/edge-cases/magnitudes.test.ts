/** Numbers whose squares overflow or underflow: their norms, distances and deviations are as accurate as those of others. */

import { cdist, type FloatDType, std, type Tensor, tensor, vmap } from '@tapegrad/core';
import { gradcheck } from '@tapegrad/verify';
import { expect, test } from 'vitest';
import { describeEach } from '../../../../../test/interpreters.ts';

const dtypes = ['float32', 'float64'] as const;
/** Factors near the limits of the dtype; not powers of two, so that rounding shows. */
const scales = { float32: [1e20, 3e37, 1e-20, 3e-37], float64: [1e200, 3e307, 1e-200, 3e-307] } as const;
const largest = { float32: 3.4e38, float64: 1.7e308 } as const;
const epsilon = { float32: 2 ** -23, float64: 2 ** -52 } as const;

/** Returns the sum and its gradient. */
function outcome(f: (x: Tensor) => Tensor, elements: readonly number[], dtype: FloatDType): [number[], number[]] {
  const x = tensor([...elements], { dtype, requiresGrad: true });
  const y = f(x);
  return [[...y.data], [...y.sum().backward().of(x).data]];
}

/** Compares two lists of numbers, with a tolerance relative to the largest. */
function expectWithin(actual: readonly number[], expected: readonly number[], bound: number): void {
  const size = Math.max(...expected.map(Math.abs));
  const isClose = (x: number, i: number) => Math.abs(x - expected[i]!) <= bound * size;
  if (actual.length !== expected.length || !actual.every(isClose)) expect(actual).toEqual(expected);
}

/**
 * Compares f of scaled elements with f of the elements themselves in float64: f is homogeneous, so its slopes don't
 * change.
 */
function expectHomogeneous(f: (x: Tensor) => Tensor, elements: readonly number[], ulps = 4): void {
  const [value, slopes] = outcome(f, elements, 'float64');
  for (const dtype of dtypes) {
    for (const scale of scales[dtype]) {
      if (value.some((x) => x * scale > 0.5 * largest[dtype])) continue;
      const [found, slopesThere] = outcome(
        f,
        elements.map((x) => x * scale),
        dtype,
      );
      expectWithin(
        found,
        value.map((x) => x * scale),
        ulps * epsilon[dtype],
      );
      expectWithin(slopesThere, slopes, ulps * epsilon[dtype]);
    }
  }
}

describeEach(() => {
  test.each([0.5, 1, 1.5, 2, 3, 7, Infinity])('norms of order %f', (order) => {
    expectHomogeneous((x) => x.norm(undefined, { order }), [3, -4, 0.5], 20);
    expectHomogeneous((x) => x.reshape([2, 2]).norm(1, { order }), [3, -4, 0, -2], 20);
    expectHomogeneous((x) => vmap((row: Tensor) => row.norm(0, { order }))(x.reshape([2, 2])), [3, -4, 0, -2], 20);
  });

  test('distances', () => {
    for (const order of [1, 2, 3, Infinity]) {
      expectHomogeneous(
        (x) => cdist(x.reshape([2, 2]), x.mul(-0.5).reshape([2, 2]), { order }),
        [1, 2, -0.5, 0.25],
        20,
      );
    }
  });

  test('standard deviations', () => {
    expectHomogeneous((x) => std(x), [1, -2, 0.5, 3], 8);
    expectHomogeneous((x) => std(x.reshape([2, 3]), 1, { correction: 0 }), [1, -2, 0.5, 3, 0, 1], 8);
  });

  test('as they are told', () => {
    const [value, slopes] = outcome((x) => x.norm(), [1e20, 1, 1], 'float32');
    expectWithin(value, [1e20], 1e-7);
    slopes.forEach((slope, i) => {
      expectWithin([slope], [[1, 1e-20, 1e-20][i]!], 1e-6);
    });
    expectWithin(outcome((x) => x.norm(), [3e-23, 4e-23], 'float32')[0], [5e-23], 2e-7);
    expectWithin(outcome((x) => x.norm(), [3e20, 4e20], 'float32')[0], [5e20], 2e-7);
    const far = tensor([[1e160]], { dtype: 'float64' });
    expect(cdist(far, far.neg()).item()).toBe(2e160);
  });

  test('numbers that are not normal any more', () => {
    const least = { float32: 2 ** -149, float64: 2 ** -1074 };
    for (const dtype of dtypes) {
      const elements = [3, -4].map((x) => x * least[dtype]);
      expect(outcome((x) => x.norm(), elements, dtype)).toEqual([[5 * least[dtype]], expect.anything()]);
      expectWithin(outcome((x) => x.norm(), elements, dtype)[1], [0.6, -0.8], 4 * epsilon[dtype]);
    }
  });

  test('a vector that needs it leaves the bits of those beside it', () => {
    for (const dtype of dtypes) {
      const ordinary = [0.1, 0.7, -0.3, 1.3];
      const alone = outcome((x) => x.reshape([2, 2]).norm(1), ordinary, dtype);
      for (const scale of [...scales[dtype], Infinity, Number.NaN, 0]) {
        const [value, slopes] = outcome((x) => x.reshape([3, 2]).norm(1), [...ordinary, scale, 1], dtype);
        expect([value.slice(0, 2), slopes.slice(0, 4)]).toEqual(alone);
      }
    }
  });

  test('derivatives of every order', () => {
    const { passed } = gradcheck(
      (x: Tensor) => x.mul(1e-200).norm().mul(1e200),
      [tensor([0.3, -0.7, 1.1], { dtype: 'float64' })],
    );
    expect(passed).toBe(true);
  });

  test('a variance overflows, and its gradient does not', () => {
    const [value, slopes] = outcome((x) => x.variance(), [1e20, -1e20, 1e20, -1e20], 'float32');
    expect(value).toEqual([Infinity]);
    expectWithin(
      slopes,
      [1, -1, 1, -1].map((sign) => (sign * 2e20) / 3),
      1e-6,
    );
  });
});

describeEach(() => {
  const n = 1000;
  /** 1e4 ± 1e-2, rounded to float32. */
  const elements = Array.from({ length: n }, (_, i) => Math.fround(1e4 + (((i * 7919) % n) / n - 0.5) * 0.02));

  /** Computes the variance of numbers with enough digits. */
  function exactly(correction: number): number {
    const mean = elements.reduce((sum, x) => sum + (x - 1e4), 0) / n;
    return elements.reduce((sum, x) => sum + (x - 1e4 - mean) ** 2, 0) / (n - correction);
  }

  test('a large mean costs a variance and a standard deviation in float32 no digits', () => {
    const x = tensor(elements);
    for (const correction of [0, 1]) {
      const variance = exactly(correction);
      expectWithin([x.variance(undefined, { correction }).item()], [variance], 4 * epsilon.float32);
      expectWithin([std(x, undefined, { correction }).item()], [Math.sqrt(variance)], 4 * epsilon.float32);
      const rows = x.reshape([n, 1]).broadcastTo([n, 3]);
      expectWithin([...rows.variance(0, { correction }).data], [variance, variance, variance], 4 * epsilon.float32);
    }
  });

  test('nor their slopes', () => {
    const [variance, mean] = [exactly(1), elements.reduce((sum, x) => sum + (x - 1e4), 0) / n];
    const deviations = elements.map((x) => x - 1e4 - mean);
    const size = Math.max(...deviations.map(Math.abs));
    const [, slopes] = outcome((x) => x.variance(), elements, 'float32');
    slopes.forEach((slope, i) => {
      expect(Math.abs(slope - (2 * deviations[i]!) / (n - 1))).toBeLessThan((8 * epsilon.float32 * size) / n);
    });
    const [, ofStd] = outcome((x) => std(x), elements, 'float32');
    ofStd.forEach((slope, i) => {
      const expected = deviations[i]! / ((n - 1) * Math.sqrt(variance));
      expect(Math.abs(slope - expected)).toBeLessThan((16 * epsilon.float32) / n);
    });
  });

  test('the variance of equal numbers is 0, however large they are', () => {
    for (const dtype of dtypes) {
      for (const value of [0.1, 1e4 / 3, 1e30]) {
        const x = tensor(new Array<number>(7).fill(value), { dtype });
        expect([x.variance().item(), std(x).item()]).toEqual([0, 0]);
      }
    }
  });
});
