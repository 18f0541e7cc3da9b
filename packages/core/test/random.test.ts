/** Random numbers: identical on every engine, correctly distributed, and with a state that can be saved. */

import { Random, type Tensor } from '@tapegrad/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const numbers = (x: Tensor): number[] => [...x.data];
const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
const moment = (list: readonly number[], order: number): number => {
  const center = mean(list);
  return mean(list.map((value) => (value - center) ** order));
};

describe('a seed gives the same numbers for ever', () => {
  const random = () => new Random(42);

  test('next', () => {
    const r = random();
    expect([r.next(), r.next(), r.next()]).toEqual([0.7776192211260291, 0.8824078491548559, 0.024399482850862575]);
  });

  test('uniform', () => {
    const expected = [0.7776192211260291, 0.8824078491548559, 0.024399482850862575];
    expect(numbers(random().uniform([3], { dtype: 'float64' }))).toEqual(expected);
    expect(numbers(random().uniform([3]))).toEqual(expected.map(Math.fround));
  });

  test('normal', () => {
    const list = numbers(random().normal([3], { dtype: 'float64' }));
    // Engines differ in the last digit of logarithms and sines.
    [1.281838501479703, -1.1677407026640545, 0.10539655418082677].forEach((value, i) => {
      expect(list[i]).toBeCloseTo(value, 14);
    });
  });

  test('bernoulli', () => {
    expect(numbers(random().bernoulli([12], 0.5))).toEqual([0, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 0]);
  });

  test('integers', () => {
    expect(numbers(random().integers([6], -3, 10))).toEqual([-2, -1, 8, 2, 3, 2]);
  });

  test('permutation', () => {
    expect(numbers(random().permutation(8))).toEqual([0, 7, 3, 1, 4, 2, 5, 6]);
  });

  test('other seeds, neighbours too, give other numbers', () => {
    const firsts = Array.from({ length: 1000 }, (_, seed) => new Random(seed).next());
    expect(new Set(firsts).size).toBe(1000);
    expect(mean(firsts)).toBeCloseTo(0.5, 1);
    expect(moment(firsts, 2)).toBeCloseTo(1 / 12, 2);
  });

  test('seeds of 32 bits are taken with a sign and without', () => {
    expect(new Random(-1).next()).toBe(new Random(2 ** 32 - 1).next());
    expect(new Random(-(2 ** 31)).next()).toBe(new Random(2 ** 31).next());
  });
});

test('a state, as plain data, repeats what followed', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(5), (seed, steps) => {
      const random = new Random(seed);
      for (let i = 0; i < steps; i++) random.next();
      const state = JSON.parse(JSON.stringify(random.state));
      const draw = (r: Random) => [r.next(), ...numbers(r.normal([3])), ...numbers(r.permutation(5))];
      const first = draw(random);
      random.state = state;
      expect(draw(random)).toEqual(first);
      const other = new Random(0);
      other.state = state;
      expect(draw(other)).toEqual(first);
    }),
  );
});

test('a state that was read does not change with the generator', () => {
  const random = new Random(1);
  const state = random.state;
  const before = [...state];
  random.next();
  expect(state).toEqual(before);
});

describe('spread', () => {
  const n = 100_000;
  const random = new Random(2024);

  test('uniform', () => {
    const list = numbers(random.uniform([n], { low: -1, high: 3 }));
    expect(Math.min(...list)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...list)).toBeLessThan(3);
    expect(mean(list)).toBeCloseTo(1, 1);
    expect(moment(list, 2)).toBeCloseTo(16 / 12, 1);
  });

  test('normal: mean, variance, skewness and kurtosis', () => {
    const list = numbers(random.normal([n], { dtype: 'float64' }));
    expect(mean(list)).toBeCloseTo(0, 1);
    expect(moment(list, 2)).toBeCloseTo(1, 1);
    expect(moment(list, 3)).toBeCloseTo(0, 1);
    expect(moment(list, 4)).toBeCloseTo(3, 0);
    expect(list.every(Number.isFinite)).toBe(true);
  });

  test('normal: neighbours, made from the same two numbers, are not correlated', () => {
    const list = numbers(random.normal([n]));
    const products = list.slice(1).map((value, i) => value * list[i]!);
    expect(mean(products)).toBeCloseTo(0, 1);
  });

  test('normal with a mean and a standard deviation', () => {
    const list = numbers(random.normal([n], { mean: 5, std: 0.1 }));
    expect(mean(list)).toBeCloseTo(5, 2);
    expect(Math.sqrt(moment(list, 2))).toBeCloseTo(0.1, 2);
    expect(numbers(random.normal([2], { mean: 5, std: 0 }))).toEqual([5, 5]);
  });

  test('bernoulli', () => {
    for (const p of [0.1, 0.5, 0.9]) expect(mean(numbers(random.bernoulli([n], p)))).toBeCloseTo(p, 2);
    expect(new Set(random.bernoulli([n], 0).data)).toEqual(new Set([0]));
    expect(new Set(random.bernoulli([n], 1).data)).toEqual(new Set([1]));
  });

  test('integers', () => {
    const counts = new Map<number, number>();
    for (const value of random.integers([n], -2, 3).data) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    for (const count of counts.values()) expect(count / n).toBeCloseTo(0.2, 2);
  });

  test('every order of four is as likely as every other', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = numbers(random.permutation(4)).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // Chi-squared with 23 degrees of freedom exceeds 50 only once in 1,000.
    const chi = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(50);
  });
});

test('a permutation holds each number once', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.integer(), (n, seed) => {
      const order = new Random(seed).permutation(n);
      expect(order.dtype).toBe('int32');
      expect(numbers(order).sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    }),
  );
});

test('the upper bound stays out, though float32 would round to it', () => {
  const random = new Random(0);
  // A state whose next number is the largest below 1, which rounds to 1 in float32.
  random.state = [-1, -1, 0, 0];
  expect(Math.fround(random.next())).toBe(1);
  random.state = [-1, -1, 0, 0];
  expect(random.uniform([]).item()).toBeLessThan(1);
});

test('shapes and dtypes', () => {
  const random = new Random(1);
  expect(random.normal([2, 3]).shape).toEqual([2, 3]);
  expect(random.uniform([]).shape).toEqual([]);
  expect(random.uniform([0, 2]).size).toBe(0);
  expect(random.permutation(0).shape).toEqual([0]);
  expect(random.normal([1]).dtype).toBe('float32');
  expect(random.bernoulli([1], 0.5, { dtype: 'float64' }).dtype).toBe('float64');
  expect(random.integers([1], 0, 1).dtype).toBe('int32');
});
