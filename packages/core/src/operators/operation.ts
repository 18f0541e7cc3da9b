/**
 * Creates functions that also exist as methods: `sin(x)` for `x.sin()`. Either operand of a binary function may be a
 * number.
 */

import type { Shape } from '@tapegrad/kernels';
import type { ReduceOptions } from '../checks/arguments.ts';
import { checkTensor, operand } from '../checks/operands.ts';
import { checkCount, checkNoMore } from '../checks/untyped-callers.ts';
import type { Combined, Of, Operand, Scalar, Tensor } from '../tensor.ts';
import type { Axes, Reduce } from '../types/static-shapes.ts';

export type UnaryFunction = <S extends Shape>(x: Tensor<S>) => Tensor<S>;

export interface BinaryFunction<Call extends string> {
  <B extends Shape>(x: number, y: Tensor<B>): Tensor<B>;
  // This overload comes last because the compiler reports errors for the last overload. Its error says why two tensors
  // don't fit.
  <A extends Shape, B extends Shape = Scalar, Y = unknown>(
    x: Tensor<A>,
    y: number | (Y & Operand<Call, A, B>),
  ): Combined<Call, A, B, Y>;
}

export type ReduceFunction = <S extends Shape, const A extends Axes = undefined, const Keep extends boolean = false>(
  x: Tensor<S>,
  axis?: A,
  options?: ReduceOptions<Keep>,
) => Of<Reduce<S, A, Keep>>;

export type AlongFunction = <S extends Shape>(x: Tensor<S>, axis: number | readonly number[]) => Tensor<S>;

// Calls of these functions are marked as pure, so bundles include only the results that are used.

/** Creates a function `F` of a tensor and other arguments. It throws if it gets more arguments than `run` takes. */
export function operation<F>(name: string, run: (x: Tensor, ...args: never[]) => Tensor): F {
  const operation = (x: Tensor, ...args: readonly unknown[]): Tensor => {
    checkTensor(name, x);
    checkCount(name, run.length - 1, args);
    return run(x, ...(args as never[]));
  };
  return Object.defineProperty(operation, 'length', { value: run.length }) as F;
}

export const unary = (name: string, run: (x: Tensor) => Tensor): UnaryFunction =>
  ((x: Tensor, ...more: readonly unknown[]) => run(checkTensor(name, x, more))) as UnaryFunction;

export const binary = <const Call extends string>(
  name: Call,
  run: (x: Tensor, y: Tensor) => Tensor,
): BinaryFunction<Call> =>
  ((x: Tensor | number, y: Tensor, ...more: readonly unknown[]) => {
    checkNoMore(name, more);
    const left = typeof x === 'number' ? operand(name, checkTensor(name, y), x) : checkTensor(name, x);
    return run(left, operand(name, left, y));
  }) as BinaryFunction<Call>;
