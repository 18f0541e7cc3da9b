/** Tests compare: each kind of mistake, made on purpose in tensors of any shape, gets the verdict that names it. */

import { ArgumentError, arange, ones, Random, type Shape, type Tensor, tensor, zeros } from '@tapegrad/core';
import { type Comparison, compare, type FactorName } from '@tapegrad/verify';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startCpuTime } from '../../../test/cpu-time.ts';

const dtypes = ['float64', 'float32'] as const;
type Float = (typeof dtypes)[number];
const epsilon = { float64: 2 ** -52, float32: 2 ** -23 };

const anyDType = fc.constantFrom(...dtypes);
const lengths = (ranks: { min: number; max: number }): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 1, max: 5 }), { minLength: ranks.min, maxLength: ranks.max });

/** Random numbers with magnitudes from 1 to 2, so that a mistake in any element is noticeable. */
function generic(shape: Shape, seed: number, dtype: Float = 'float64'): Tensor {
  const random = new Random(seed);
  const signs = random.bernoulli(shape, 0.5, { dtype }).mul(2).sub(1);
  return random.uniform(shape, { low: 1, high: 2, dtype }).mul(signs);
}

const anyTensor = (ranks = { min: 0, max: 4 }): fc.Arbitrary<Tensor> =>
  fc.tuple(lengths(ranks), fc.nat(), anyDType).map((parts) => generic(...parts));

const replaced = (x: Tensor, place: number, value: number): Tensor =>
  tensor((x.data as Float64Array).with(place, value), { shape: x.shape });

const factors: { readonly [F in FactorName]: (n: number) => number } = {
  '-1': () => -1,
  n: (n) => n,
  '1/n': (n) => 1 / n,
  '2': () => 2,
  '1/2': () => 1 / 2,
  '2/n': (n) => 2 / n,
  'n/2': (n) => n / 2,
  '-n': (n) => -n,
  '-1/n': (n) => -1 / n,
  '-2': () => -2,
  '-1/2': () => -1 / 2,
  '-2/n': (n) => -2 / n,
  '-n/2': (n) => -n / 2,
};
const anyFactor = fc.constantFrom(...(Object.keys(factors) as FactorName[]));

describe('properties', () => {
  /** Checks a property for random values of some arbitraries. */
  const check = <T extends [unknown, ...unknown[]]>(
    ...args: [...{ [K in keyof T]: fc.Arbitrary<T[K]> }, (...values: T) => void]
  ): void => fc.assert(fc.property(...args));

  test('a tensor is equal to itself, whatever its layout', () => {
    check(anyTensor(), (x) => {
      expect(compare('x', x, x)).toEqual({ verdict: 'equal', name: 'x', passed: true, message: 'x is equal exactly' });
    });
    check(anyTensor({ min: 2, max: 4 }), (x) => {
      const copy = tensor(x.transpose().data, { shape: x.transpose().shape }).transpose();
      expect(compare('x', x, copy).verdict).toBe('equal');
    });
  });

  test('rounding is told in units in the last place', () => {
    check(anyTensor(), fc.integer({ min: 1, max: 100 }), (x, units) => {
      const actual = x.mul(1 + units * epsilon[x.dtype as Float]);
      const comparison = compare('x', x, actual);
      expect(comparison).toMatchObject({ verdict: 'rounding', passed: true, bound: 256 });
      // Elements between 1 and 2 are off by one or two units.
      const { ulps } = comparison as Extract<Comparison, { verdict: 'rounding' }>;
      expect(ulps).toBeGreaterThanOrEqual(units);
      expect(ulps).toBeLessThanOrEqual(2 * units + 1);
      expect(compare('x', x, actual, { bound: units - 1 }).passed).toBe(false);
    });
  });

  test('a factor that has a name is named', () => {
    check(anyTensor(), anyFactor, fc.integer({ min: 3, max: 50 }), (x, name, n) => {
      const factor = factors[name](n);
      const comparison = compare('x', x, x.mul(factor), { n });
      // Several factors may agree, such as those with n = 4.
      expect(comparison).toMatchObject({ verdict: 'factor', passed: false });
      const { named, factor: found } = comparison as Extract<Comparison, { verdict: 'factor' }>;
      expect(factors[named!](n)).toBe(factor);
      expect(found).toBe(factor);
    });
  });

  test('n is never guessed; a factor that is the length of an axis is told as such', () => {
    check(fc.integer({ min: 5, max: 9 }), fc.nat(), (n, seed) => {
      const x = generic([2, n, 3], seed);
      const axis = { axes: [1], times: 1, inverse: false };
      expect(compare('x', x, x.mul(n))).toMatchObject({ verdict: 'factor', named: undefined, length: axis });
      const inverse = { ...axis, inverse: true };
      expect(compare('x', x, x.div(n))).toMatchObject({ verdict: 'factor', named: undefined, length: inverse });
      expect(compare('x', x, x.mul(-n), { n: n + 1 })).toMatchObject({ named: undefined, length: { times: -1 } });
      expect(compare('x', x, x.mul(n), { n })).toMatchObject({ named: 'n', length: undefined });
    });
  });

  test('any other factor is told', () => {
    const factor = fc.double({ min: 1.01, max: 1e6, noNaN: true });
    check(anyTensor({ min: 1, max: 4 }), factor, fc.boolean(), (x, size, negative) => {
      fc.pre(x.size > 1);
      const wanted = negative ? -size : size;
      const comparison = compare('x', x, x.mul(wanted), { n: 1e7 });
      expect(comparison).toMatchObject({ verdict: 'factor', passed: false });
      const { factor: found } = comparison as Extract<Comparison, { verdict: 'factor' }>;
      expect(Math.abs(found / wanted - 1)).toBeLessThan(8 * epsilon[x.dtype as Float]);
    });
  });

  test('a transposition, and a factor besides', () => {
    check(anyTensor({ min: 2, max: 4 }), fc.constantFrom(1, -1, 2), (x, factor) => {
      const [rows, columns] = x.shape.slice(-2) as [number, number];
      fc.pre(rows !== columns || rows > 1);
      expect(compare('x', x, x.transpose().mul(factor))).toMatchObject({
        verdict: 'transposed',
        passed: false,
        factor,
      });
    });
  });

  test('an order of axes, with what mends it', () => {
    const shape = fc.uniqueArray(fc.integer({ min: 2, max: 6 }), { minLength: 3, maxLength: 4 });
    check(shape, fc.nat(), (lengths, seed) => {
      const x = generic(lengths, seed);
      const rolled = [...lengths.keys()].map((axis) => (axis + 1) % lengths.length);
      const comparison = compare('x', x, x.permute(rolled));
      expect(comparison).toMatchObject({ verdict: 'permuted', passed: false, factor: 1 });
      const { order } = comparison as Extract<Comparison, { verdict: 'permuted' }>;
      expect(x.permute(rolled).permute(order).toArray()).toEqual(x.toArray());
    });
  });

  test('an order of axes that are all as long', () => {
    check(fc.nat(), (seed) => {
      const x = generic([3, 3, 3], seed);
      expect(compare('x', x, x.permute([1, 0, 2]))).toMatchObject({ verdict: 'permuted', order: [1, 0, 2] });
      expect(compare('x', x, x.permute([0, 2, 1]))).toMatchObject({ verdict: 'transposed' });
    });
  });

  test('an order of many axes, in little time', () => {
    for (const rank of [9, 12]) {
      const x = generic(Array(rank).fill(2), rank);
      const order = new Random(rank).permutation(rank).toArray() as number[];
      const elapsed = startCpuTime();
      const comparison = compare('x', x, x.permute(order));
      expect(elapsed()).toBeLessThan(1000);
      expect(comparison).toMatchObject({ verdict: 'permuted', factor: 1 });
      expect(
        x
          .permute(order)
          .permute((comparison as Extract<Comparison, { verdict: 'permuted' }>).order)
          .toArray(),
      ).toEqual(x.toArray());
    }
  });

  test('that many axes differ, in little time, though all slices are alike', () => {
    const alike = ones(Array(10).fill(2), { dtype: 'float64' });
    const other = replaced(replaced(alike, 0, 2), 1023, 2);
    const signs = new Random(3).bernoulli(Array(10).fill(2), 0.5, { dtype: 'float64' });
    const elapsed = startCpuTime();
    expect(compare('x', alike, other).passed).toBe(false);
    expect(compare('x', signs, signs.neg().add(1)).passed).toBe(false);
    expect(elapsed()).toBeLessThan(2000);
  });

  test('shapes that differ', () => {
    check(lengths({ min: 0, max: 3 }), lengths({ min: 0, max: 3 }), fc.nat(), (one, other, seed) => {
      fc.pre(`${one.toSorted()}` !== `${other.toSorted()}`);
      expect(compare('x', generic(one, seed), generic(other, seed))).toMatchObject({
        verdict: 'shapes',
        passed: false,
        expectedShape: one,
        actualShape: other,
      });
    });
  });

  test('one element that differs, and where', () => {
    const wide = fc.tuple(lengths({ min: 1, max: 3 }), fc.nat()).map((parts) => generic(...parts));
    check(wide, fc.nat(), (x, nth) => {
      fc.pre(x.size > 1);
      const place = nth % x.size;
      const actual = replaced(x, place, x.data[place]! + 0.25);
      const comparison = compare('x', x, actual);
      expect(comparison).toMatchObject({
        verdict: 'different',
        passed: false,
        share: 1 / x.size,
      });
      const different = comparison as Extract<Comparison, { verdict: 'different' }>;
      const { where, expected, actual: got, largestError, relativeError } = different;
      expect(largestError).toBeCloseTo(0.25, 6);
      expect(relativeError).toBeCloseTo(0.25 / x.abs().max().item(), 6);
      expect(where.reduce((at, i, axis) => at * x.shape[axis]! + i, 0)).toBe(place);
      expect([expected, got]).toEqual([x.data[place], actual.data[place]]);
    });
  });
});

describe('judges', () => {
  const x = tensor([1, 1e-6], { dtype: 'float64' });
  const off = tensor([1, 1e-6 + 1e-15], { dtype: 'float64' });

  test('by the scale of the largest element, unless told otherwise', () => {
    expect(compare('x', x, off)).toMatchObject({ verdict: 'rounding' });
    expect(compare('x', x, off, { scale: 0 })).toMatchObject({ verdict: 'different', where: [1], share: 0.5 });
    expect(compare('x', x, x.add(1e-9), { scale: 1e6 })).toMatchObject({ verdict: 'rounding' });
  });

  test('by a tolerance, and not a hair beyond', () => {
    const whole = tensor([1, -2, 4], { dtype: 'float64' });
    expect(compare('x', whole, whole.add(0.0039), { tolerance: 1e-3 }).passed).toBe(true);
    expect(compare('x', whole, whole.add(0.0041), { tolerance: 1e-3 }).passed).toBe(false);
    expect(compare('x', whole, whole.add(1e-12), { tolerance: 1e-3 })).toMatchObject({ verdict: 'tolerance' });
    expect(compare('x', whole, whole.mul(-1.0001), { tolerance: 1e-3 })).toMatchObject({ verdict: 'factor' });
    expect(compare('x', whole, tensor([1, Number.NaN, 4]), { tolerance: 1e300 }).passed).toBe(false);
  });

  test('with as many digits as tell two numbers apart', () => {
    const close = tensor([1, 2, 13.4800001234], { dtype: 'float64' });
    const { message } = compare('x', close, tensor([1, 2, 13.4800001233], { dtype: 'float64' }));
    expect(message).toMatch(/; got 13.4800001233, expected 13.4800001234 at \[2\]$/);
  });

  test('a multiple by the scale of the multiple', () => {
    const million = tensor([1e6, 1 + 1e-10], { dtype: 'float64' });
    expect(compare('x', x, million)).toMatchObject({ verdict: 'factor', named: undefined });
    expect(compare('x', x, million, { n: 1e6 })).toMatchObject({ verdict: 'factor', named: 'n', factor: 1e6 });
  });

  test('by float32 where either side is', () => {
    const wide = tensor([1 / 3, 0.7, 0.1], { dtype: 'float64' });
    expect(compare('x', wide, wide.cast('float32'))).toMatchObject({ verdict: 'rounding' });
    expect(compare('x', wide.cast('float32'), wide)).toMatchObject({ verdict: 'rounding' });
    expect(compare('x', wide, wide.cast('float32').cast('float64'))).toMatchObject({ verdict: 'different' });
  });

  test('integers and booleans too', () => {
    const labels = tensor([1, 2, 3], { dtype: 'int32' });
    expect(compare('x', labels, tensor([1, 2, 3])).verdict).toBe('equal');
    expect(compare('x', labels, tensor([1, 2, 4], { dtype: 'int32' }))).toMatchObject({
      verdict: 'different',
      where: [2],
    });
    expect(compare('x', tensor([true]), tensor([true])).verdict).toBe('equal');
  });

  test('numbers that are not finite', () => {
    const at = (...list: number[]) => tensor(list, { dtype: 'float64' });
    expect(compare('x', at(1, Infinity), at(1, Infinity)).verdict).toBe('equal');
    expect(compare('x', at(1, Infinity), at(1, 2))).toMatchObject({
      verdict: 'different',
      where: [1],
      largestError: Infinity,
    });
    expect(compare('x', at(1, 3, Infinity), at(1, 4, Infinity))).toMatchObject({ verdict: 'different', where: [1] });
    expect(compare('x', at(1, 2), at(1, Number.NaN))).toMatchObject({ verdict: 'different', where: [1], share: 0.5 });
    expect(compare('x', at(1, Number.NaN), at(1, Number.NaN))).toMatchObject({ verdict: 'different', where: [1] });
    expect(compare('x', at(Number.NaN), at(Number.NaN), { bound: 1e300 }).passed).toBe(false);
  });

  test('zeros', () => {
    expect(compare('x', zeros([2]), tensor([0, -0])).verdict).toBe('equal');
    expect(compare('x', zeros([2]), ones([2]))).toMatchObject({ verdict: 'different', relativeError: Infinity });
    expect(compare('x', ones([2]), zeros([2]))).toMatchObject({ verdict: 'different', relativeError: 1 });
    expect(compare('x', zeros([0, 2]), zeros([0, 2])).verdict).toBe('equal');
    expect(
      compare('x', zeros([2], { dtype: 'float64' }), tensor([1e-17, 0], { dtype: 'float64' }), { scale: 1 }).passed,
    ).toBe(true);
  });

  test('one element by the named factors alone, since it is a multiple of any other', () => {
    const one = tensor([3], { dtype: 'float64' });
    expect(compare('x', one, one.mul(5))).toMatchObject({ verdict: 'different' });
    expect(compare('x', one, one.mul(5), { n: 5 })).toMatchObject({ verdict: 'factor', named: 'n' });
    expect(compare('x', one, one.mul(-1))).toMatchObject({ verdict: 'factor', named: '-1' });
    const sparse = tensor([0, 3, 0], { dtype: 'float64' });
    expect(compare('x', sparse, sparse.mul(5))).toMatchObject({ verdict: 'different' });
  });

  test('tensors that are recorded, and leaves them as they are', () => {
    const w = tensor([[1, 2]], { requiresGrad: true });
    const loss = w.mul(w).sum();
    expect(compare('x', w, w.mul(2).transpose())).toMatchObject({ verdict: 'transposed', factor: 2 });
    expect(loss.backward().of(w).toArray()).toEqual([[2, 4]]);
  });
});

const x = tensor(
  [
    [1, 2, 3],
    [4, 5, 6],
  ],
  { dtype: 'float64' },
);
const messages: readonly (readonly [sentence: string, comparison: () => Comparison])[] = [
  ['dW1 is equal exactly', () => compare('dW1', x, x)],
  [
    'dW1 is equal to rounding: off by at most 2 units in the last place, of 256 allowed',
    () => compare('dW1', x, x.add(2 ** -49)),
  ],
  ['dW1 is off by the factor 2', () => compare('dW1', x, x.mul(2))],
  ['dW1 is off by the factor n = 2', () => compare('dW1', x, x.mul(2), { n: 2 })],
  ['dW1 is off by the factor 3, the length of axis 1', () => compare('dW1', x, x.mul(3))],
  ['dW1 is off by the factor 3, the length of axis 1', () => compare('dW1', x, x.mul(3), { n: 8 })],
  ['dW1 is off by the factor 0.3333, 1 by the length of axis 1', () => compare('dW1', x, x.div(3))],
  ['dW1 is off by the factor 0.6667, 2 by the length of axis 1', () => compare('dW1', x, x.mul(2 / 3))],
  ['dW1 is off by the factor 1.5, half the length of axis 1', () => compare('dW1', x, x.mul(1.5))],
  ['dW1 is off by the factor 6, twice the length of axis 1', () => compare('dW1', x, x.mul(6))],
  ['dW1 is off by the factor -3, the length of axis 1 with the sign changed', () => compare('dW1', x, x.mul(-3))],
  [
    'y is off by the factor 3, the length of axes 0 and 1',
    () => compare('y', x.transpose().matmul(x), x.transpose().matmul(x).mul(3)),
  ],
  [
    'y is off by the factor 12, the number of elements',
    () => compare('y', arange(12).reshape([3, 4]), arange(12).reshape([3, 4]).mul(12)),
  ],
  ['dW1 is off by the factor 1/n = 0.125', () => compare('dW1', x, x.div(8), { n: 8 })],
  ['dW1 is off by the factor -1', () => compare('dW1', x, x.neg())],
  ['dW1 is off by the factor 0.3', () => compare('dW1', x, x.mul(0.3))],
  ['dW1 is off by the factor 1 + 1e-8', () => compare('dW1', x, x.mul(1 + 1e-8))],
  ['dW1 is off by the factor -1 + 0.000002', () => compare('dW1', x, x.mul(-0.999998))],
  ['dW1 is transposed', () => compare('dW1', x, x.transpose())],
  ['dW1 is transposed, and off by the factor -2', () => compare('dW1', x, x.transpose().mul(-2), { n: 9 })],
  [
    'dW1 has its axes in another order; permute([2, 0, 1]) corrects it',
    () => compare('dW1', arange(24).reshape([2, 3, 4]), arange(24).reshape([2, 3, 4]).permute([1, 2, 0])),
  ],
  ['dW1 has shape [4], expected [2, 3]', () => compare('dW1', x, arange(4))],
  [
    'dW1 is equal to within a tolerance of 0.001: off by at most 0.0005 of the largest element',
    () => compare('dW1', x, x.mul(1.0005), { tolerance: 1e-3 }),
  ],
  [
    'dW1 differs in 16.67 % of its elements: the largest error is 0.5, 0.08333 of the largest element; got 4.5, expected 4 at [1, 0]',
    () => compare('dW1', x, replaced(x, 3, 4.5)),
  ],
  [
    'loss differs in 100 % of its elements: the largest error is 2, 2 of the largest element; got 3, expected 1',
    () => compare('loss', tensor(1), tensor(3)),
  ],
];

test.each(messages)('%s', (sentence, comparison) => {
  expect(comparison().message).toBe(sentence);
});

test.each([
  ['compare: expected a tensor, got an array', () => compare('x', x, [1] as never)],
  ['compare: n is -1, expected a number of points above 0', () => compare('x', x, x, { n: -1 })],
  ['compare: n is 0, expected a number of points above 0', () => compare('x', x, x, { n: 0 })],
  ['compare: tolerance is -1, expected a finite number >= 0', () => compare('x', x, x, { tolerance: -1 })],
  [
    "compare: unknown option 'tol', expected one of n, bound, tolerance, scale, known, mistakes",
    () => compare('x', x, x, { tol: 1 } as never),
  ],
  ['compare: bound is NaN, expected a finite number >= 0', () => compare('x', x, x, { bound: Number.NaN })],
])('%s', (sentence, call) => {
  expect(call).toThrow(new ArgumentError(sentence));
});
