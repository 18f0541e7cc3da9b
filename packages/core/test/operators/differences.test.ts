/**
 * Every operation on each interpreter: compares forward-mode and reverse-mode derivatives of first and second order
 * with differences.
 */

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
  // Without any elements there is nothing to compare, which is not a pass.
  const isEmpty = x.every(({ size }) => size === 0) || run(...x).size === 0;
  expect(report.passed, `${report}`).toBe(!isEmpty);
}

describeEach(() => {
  describe('first and second order', () => {
    test.each(smooth)('$name', (c) => expectDifferences(c, layouts.contiguous, 2));
  });
});

/** Operations that throw instead of returning a gradient, or a tangent, if rows of a matrix are equal. */
const ofRegularMatrices = ['solve', 'inverse', 'slogdet', 'logdet', 'qr', 'svd'];

// Stride 0 is a matter of memory: the default interpreter works on views, the reference on copies.
describe('inputs that repeat their entries', () => {
  const cases = smooth.filter(({ call }) => !ofRegularMatrices.includes(call));
  test.each(cases)('$name', (c) => expectDifferences(c, repeating, 1));
});
