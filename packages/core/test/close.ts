import type { Tensor } from '@tapegrad/core';
import { expect } from 'vitest';

// The rounding error that remains where results of magnitude 1 cancel.
const rounding = 1e-15;

/** Expects a tensor to have these elements, each within a relative error. Numbers that are not finite must match exactly. */
export function expectClose(actual: Tensor, expected: readonly number[], tolerance = 1e-10): void {
  const { data } = actual;
  const isClose = (number: number, i: number) =>
    Object.is(data[i], number) || Math.abs(data[i]! - number) <= Math.max(tolerance * Math.abs(number), rounding);
  if (data.length !== expected.length || !expected.every(isClose)) expect([...data]).toEqual(expected);
}
