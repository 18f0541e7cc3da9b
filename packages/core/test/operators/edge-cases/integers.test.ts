/** int32 at its limits: sums and products wrap modulo 2^32, and numbers that are not int32 are rejected. */

import {
  add,
  cumprod,
  DTypeError,
  einsum,
  fold,
  kron,
  outer,
  remainder,
  scatter,
  square,
  type Tensor,
  tensor,
  trace,
} from '@tapegrad/core';
import { kernels } from '@tapegrad/core/extend';
import { describe, expect, test } from 'vitest';
import { describeEach } from '../../../../../test/interpreters.ts';

const [least, most] = [-(2 ** 31), 2 ** 31 - 1];
const ends = [least, least + 1, -65537, -2, -1, 0, 1, 2, 3, 65536, 65537, most - 1, most];
const integers = (...values: number[]): Tensor => tensor(new Int32Array(values));

/** Returns the int32 number to which an exact integer wraps. */
const wrapped = (exact: bigint): number => Number(BigInt.asIntN(32, exact));

type Exact = (x: bigint, y: bigint) => bigint;

/** Compares an operator with exact integers, on all pairs of limits. */
function expectWrapping(f: (x: Tensor, y: Tensor) => Tensor, exact: Exact): void {
  const [x, y] = [integers(...ends).reshape([ends.length, 1]), integers(...ends)];
  const result = f(x.broadcastTo([ends.length, ends.length]), y);
  expect(result.dtype).toBe('int32');
  expect(result.toArray()).toEqual(ends.map((a) => ends.map((b) => wrapped(exact(BigInt(a), BigInt(b))))));
}

const sumOf = (list: readonly number[]): bigint => list.reduce((sum, x) => sum + BigInt(x), 0n);
const productOf = (list: readonly number[]): bigint => list.reduce((product, x) => product * BigInt(x), 1n);
const prefixes = (list: readonly number[]): number[][] => list.map((_, i) => list.slice(0, i + 1));

describeEach(() => {
  test('sums, differences and products of two wrap', () => {
    expectWrapping(
      (x, y) => x.add(y),
      (x, y) => x + y,
    );
    expectWrapping(
      (x, y) => x.sub(y),
      (x, y) => x - y,
    );
    expectWrapping(
      (x, y) => x.mul(y),
      (x, y) => x * y,
    );
    expectWrapping(
      (x) => x.neg(),
      (x) => -x,
    );
    expectWrapping(
      (x) => square(x),
      (x) => x * x,
    );
  });

  test('the least number has no opposite: it is its own', () => {
    expect(integers(least).neg().item()).toBe(least);
    expect(integers(least).abs().item()).toBe(least);
    expectWrapping(
      (x) => x.abs(),
      (x) => (x < 0n ? -x : x),
    );
    expect(integers(least, 0, most).sign().toArray()).toEqual([-1, 0, 1]);
    expect(integers(least, most).relu().toArray()).toEqual([0, most]);
  });

  test('a remainder has the sign of what it is divided by, and by 0 it is 0', () => {
    expectWrapping(remainder, (x, y) => (y === 0n ? 0n : ((x % y) + y) % y));
    expect(Object.is(remainder(integers(least), -1).item(), 0)).toBe(true);
  });

  test('extremes and comparisons are exact', () => {
    expectWrapping(
      (x, y) => x.maximum(y),
      (x, y) => (x > y ? x : y),
    );
    expectWrapping(
      (x, y) => x.minimum(y),
      (x, y) => (x < y ? x : y),
    );
    expectWrapping(
      (x, y) => x.less(y).cast('int32'),
      (x, y) => BigInt(x < y),
    );
    expectWrapping(
      (x, y) => x.equal(y).cast('int32'),
      (x, y) => BigInt(x === y),
    );
    expect([
      integers(...ends)
        .max()
        .item(),
      integers(...ends)
        .min()
        .item(),
    ]).toEqual([most, least]);
    expect([
      integers(...ends)
        .argmax(0)
        .item(),
      integers(...ends)
        .argmin(0)
        .item(),
    ]).toEqual([ends.length - 1, 0]);
  });

  test('sums and products of many wrap', () => {
    const odd = ends.filter((x) => x % 2 !== 0);
    for (const list of [ends, odd, [most, most, most], [least, least]]) {
      const x = integers(...list);
      expect(x.sum().item()).toBe(wrapped(sumOf(list)));
      expect(x.prod().item()).toBe(wrapped(productOf(list)));
      expect(x.reshape([list.length, 1]).sum(0).toArray()).toEqual([wrapped(sumOf(list))]);
      expect(x.reshape([list.length, 1]).prod(0).toArray()).toEqual([wrapped(productOf(list))]);
      expect(x.cumsum(0).toArray()).toEqual(prefixes(list).map((prefix) => wrapped(sumOf(prefix))));
      expect(cumprod(x, 0).toArray()).toEqual(prefixes(list).map((prefix) => wrapped(productOf(prefix))));
      const places = integers(...list.map(() => 1));
      expect(x.scatterAdd(places, 2).toArray()).toEqual([0, wrapped(sumOf(list))]);
    }
  });

  test('so do products of matrices and vectors', () => {
    const [list, others] = [
      [most, least, most, 65537],
      [most, 3, least, most],
    ];
    const dot = wrapped(list.reduce((sum, x, i) => sum + BigInt(x) * BigInt(others[i]!), 0n));
    const [x, y] = [integers(...list), integers(...others)];
    expect(x.matmul(y).item()).toBe(dot);
    expect(einsum('i,i->', x, y).item()).toBe(dot);
    expect(
      x
        .reshape([1, 4])
        .matmul(y.reshape([4, 1]))
        .item(),
    ).toBe(dot);
    const bias = kernels.affine(x.reshape([1, 4]), y.reshape([4, 1]), integers(most));
    expect(bias.item()).toBe(wrapped(BigInt(dot) + BigInt(most)));
    const products = list.map((a) => others.map((b) => wrapped(BigInt(a) * BigInt(b))));
    expect(outer(x, y).toArray()).toEqual(products);
    expect(kron(x, y).toArray()).toEqual(products.flat());
    expect(trace(x.reshape([2, 2])).item()).toBe(wrapped(BigInt(most) + 65537n));
  });

  test('and what is added up where it falls', () => {
    const window = { size: 2, stride: 1, dilation: 1, padding: [0, 0] } as const;
    expect(fold(integers(most, most, most, most).reshape([2, 2]), [window], [3]).toArray()).toEqual([most, -2, most]);
    expect(scatter(integers(most), integers(0), integers(1), 0, { reduce: 'add' }).toArray()).toEqual([least]);
  });

  test('what has fractions is refused', () => {
    const x = integers(1, 2);
    const calls: readonly (() => unknown)[] = [
      () => x.pow(2),
      () => x.div(2),
      () => x.mean(),
      () => x.variance(),
      () => x.norm(),
      () => x.exp(),
    ];
    for (const call of calls) expect(call).toThrow(/expected float32 or float64, got int32; cast it first/);
  });

  test('a number that is none of int32 is refused', () => {
    const x = integers(1, 2);
    for (const value of [0.5, 2 ** 31, least - 1, Infinity, Number.NaN]) {
      const calls: readonly (() => unknown)[] = [
        () => add(x, value),
        () => x.maximum(value),
        () => x.less(value),
        () => x.equal(1).where(x, value),
        () => x.pad([[1, 0]], value),
      ];
      for (const call of calls) expect(call).toThrow(DTypeError);
    }
  });
});

describe('however many there are', () => {
  describeEach(() => {
    test('sums wrap', () => {
      // Their sum needs more digits than float64 has.
      const count = 2 ** 23;
      const less = Int32Array.from({ length: count }, (_, i) => (i * 7) % 11);
      const x = tensor(less.map((by) => most - by));
      const exact = wrapped(BigInt(count) * BigInt(most) - BigInt(less.reduce((sum, by) => sum + by, 0)));
      expect(x.sum().item()).toBe(exact);
      expect(x.cumsum(0).data[count - 1]).toBe(exact);
      expect(x.scatterAdd(tensor(new Int32Array(count)), 1).item()).toBe(exact);
    });
  }, ['default', 'plain']);
});
