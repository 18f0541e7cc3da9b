import type { Tensor } from '@tapegrad/core';
import { expect } from 'vitest';

// What rounding leaves where results of size 1 cancel.
const rounding = 1e-15;

/** Holds a tensor's elements against numbers, each to within a relative error; a number that is not finite, exactly. */
export function expectClose(actual: Tensor, expected: readonly number[], tolerance = 1e-10): void {
  const { data } = actual;
  const isClose = (number: number, i: number) =>
    Object.is(data[i], number) || Math.abs(data[i]! - number) <= Math.max(tolerance * Math.abs(number), rounding);
  if (data.length !== expected.length || !expected.every(isClose)) expect([...data]).toEqual(expected);
}
