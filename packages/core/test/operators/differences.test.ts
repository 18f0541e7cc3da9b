/** Every operation on each interpreter: derivatives of both passes, first and second order, against differences. */

import type { Tensor } from '@tapegrad/core';
import { gradcheck } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import { describeEach } from '../../../../test/interpreters.ts';
import { type Layout, layouts, type OperatorCase, operatorCases, repeating } from './operators.ts';

const smooth = operatorCases.filter(({ kinked, constant }) => !kinked && !constant);

function expectDifferences({ inputs, run }: OperatorCase, { store, view }: Layout, order: 1 | 2): void {
  const x = inputs();
  const onViews = (...stored: Tensor[]): Tensor => run(...stored.map((input, i) => view(input, x[i]!.shape)));
  const report = gradcheck(onViews, x.map(store), { order });
  expect(report.failures).toEqual([]);
  // Where there is no derivative, there is nothing to pass.
  const isEmpty = x.every(({ size }) => size === 0) || run(...x).size === 0;
  expect(report.passed, `${report}`).toBe(!isEmpty);
}

describeEach(() => {
  describe('first and second order', () => {
    test.each(smooth)('$name', (c) => expectDifferences(c, layouts.contiguous, 2));
  });
});

/** Those that have no gradient, or no tangent, but an error, where the rows of a matrix are equal. */
const ofRegularMatrices = ['solve', 'inverse', 'slogdet', 'logdet', 'qr', 'svd'];

// Stride 0 is a matter of memory: the default interpreter works on views, the reference on copies.
describe('inputs that repeat their entries', () => {
  const cases = smooth.filter(({ call }) => !ofRegularMatrices.includes(call));
  test.each(cases)('$name', (c) => expectDifferences(c, repeating, 1));
});
