/** Explains why two tensors have different shapes. */

import type { Tensor } from '@tapegrad/core';
import { sameShape } from '@tapegrad/kernels';
import type { Precision } from '../differences/precision.ts';
import type { Explanation } from './comparison.ts';
import { factorBetween } from './factors.ts';
import { besides, explainReversal, type Mend } from './rearrangements.ts';

/**
 * Returns the axes of `more` that `fewer` lacks, or has with length 1. A sum removes such axes, and a broadcast adds
 * them. Returns every possible choice of axes, or an empty list if the shapes differ in another way.
 */
function axesSummed(more: readonly number[], fewer: readonly number[]): number[][] {
  const rank = more.length;
  if (fewer.length === rank) {
    const axes = [...more.keys()].filter((axis) => more[axis] !== fewer[axis]);
    return axes.length > 0 && axes.every((axis) => fewer[axis] === 1) ? [axes] : [];
  }
  // Consecutive axes are missing: tries every position at which they may begin.
  const count = rank - fewer.length;
  if (count < 0) return [];
  const starts = Array.from({ length: fewer.length + 1 }, (_, start) => start);
  return starts
    .filter((start) => sameShape([...more.slice(0, start), ...more.slice(start + count)], fewer))
    .map((start) => Array.from({ length: count }, (_, i) => start + i));
}

const format = (axes: readonly number[]): string => `${axes.length > 1 ? 'axes' : 'axis'} ${axes.join(' and ')}`;

/** Explains how to correct a tensor's shape so that it equals the expected one, up to a factor. */
export function explainShapes(
  expected: Tensor,
  actual: Tensor,
  precision: Precision,
  n: number | undefined,
  mend: Mend | undefined,
): Explanation | undefined {
  if (mend !== undefined) return explainReversal(mend);
  const { shape } = expected;
  const judge = (wanted: Tensor, found: Tensor) => {
    const sums = {
      ...precision,
      errors: undefined,
      scale: Math.max(precision.scale, wanted.detach().abs().max().item()),
    };
    return factorBetween(wanted.data, found.data, sums, n, wanted.shape);
  };
  if (expected.size === 0 || actual.size === 0) return undefined;
  if (expected.size === actual.size) {
    const factor = judge(expected, actual.detach().reshape(shape) as Tensor);
    if (factor === undefined) return undefined;
    const message = `has the right elements, in another shape; reshape corrects it${besides(factor)}`;
    return { kind: 'reshaped', factor: factor.factor, message };
  }
  for (const axes of axesSummed(actual.shape, shape)) {
    const factor = judge(expected, actual.detach().sum(axes).reshape(shape) as Tensor);
    if (factor === undefined) continue;
    const message = `is not summed along ${format(axes)}${besides(factor)}`;
    return { kind: 'not summed', axes, factor: factor.factor, message };
  }
  for (const axes of axesSummed(shape, actual.shape)) {
    const factor = judge(expected.detach().sum(axes).reshape(actual.shape) as Tensor, actual);
    if (factor === undefined) continue;
    const message = `is summed along ${format(axes)}, which it should not be${besides(factor)}`;
    return { kind: 'summed', axes, factor: factor.factor, message };
  }
  return undefined;
}
