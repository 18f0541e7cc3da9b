/** Elementwise logic with bool results, through which no gradient flows. Nonzero numbers count as true. */

import { broadcastShapes, isFloat, type Shape } from '@tapegrad/kernels';
import { checkTensor } from '../checks/operands.ts';
import type { Combined, Operand, Tensor } from '../tensor.ts';

const truth = (call: string, x: unknown, more?: readonly unknown[]): Tensor => checkTensor(call, x, more).cast('bool');

/** Computes the logical and (`minimum`) or or (`maximum`) of two operands, elementwise. */
function joined(call: string, which: 'minimum' | 'maximum', x: unknown, y: unknown, more: readonly unknown[]): Tensor {
  const [a, b] = [truth(call, x, more), truth(call, y)];
  broadcastShapes(call, a.shape, b.shape);
  return a[which](b);
}

/** Returns whether both operands are true, elementwise. */
export const logicalAnd = <A extends Shape, B extends Shape>(
  x: Tensor<A>,
  y: Operand<'logicalAnd', A, B>,
  ...more: []
): Combined<'logicalAnd', A, B, Tensor<B>> => joined('logicalAnd', 'minimum', x, y, more) as never;

/** Returns whether at least one operand is true, elementwise. */
export const logicalOr = <A extends Shape, B extends Shape>(
  x: Tensor<A>,
  y: Operand<'logicalOr', A, B>,
  ...more: []
): Combined<'logicalOr', A, B, Tensor<B>> => joined('logicalOr', 'maximum', x, y, more) as never;

/**
 * Returns whether x is false, elementwise.
 *
 * @example
 * logicalNot(tensor([0, 1, 2])).toArray(); // [1, 0, 0]
 */
export const logicalNot = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  truth('logicalNot', x, more).equal(0) as Tensor<S>;

/** Returns whether each element is NaN; always false for int32 and bool. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the field's name.
export const isNaN = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  checkTensor('isNaN', x, more).notEqual(x) as Tensor<S>;

/**
 * Returns whether each element is neither infinite nor NaN; always true for int32 and bool.
 *
 * @example
 * isFinite(tensor([1, Infinity, NaN])).toArray(); // [1, 0, 0]
 */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the field's name.
export function isFinite<S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> {
  const t = checkTensor('isFinite', x, more);
  return (isFloat(t.dtype) ? t.abs().less(Infinity) : t.equal(t)) as Tensor<S>;
}
