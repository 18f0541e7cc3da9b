/** Whole Jacobians and Hessians, by one pass along the tape with all of a basis at once. */

import { ArgumentError, filled, type Shape } from '@tapegrad/kernels';
import { describeValue } from '../checks/describe-value.ts';
import { kernels as k, Tensor } from '../tensor.ts';
import type { Joined } from '../types/static-shapes.ts';
import {
  type ArgumentChoice,
  type ArgumentOptions,
  type AtArguments,
  checkTransform,
  chosen,
  differentiate,
  gradientOf,
  type ScalarResult,
} from './derivatives.ts';
import { tensorsOf, withTensors } from './trees.ts';
import { vmap } from './vmap.ts';

/** Along which way to compute a Jacobian: row by row backwards, or column by column forwards. */
export type JacobianMode = 'reverse' | 'forward';

/** For each tensor of `Y`, the structure of `X` with the derivatives of the one by the other. */
export type JacobianTree<Y, X> =
  Y extends Tensor<infer A>
    ? X extends Tensor<infer B>
      ? Tensor<Joined<A, B>>
      : { readonly [K in keyof X]: JacobianTree<Y, X[K]> }
    : { readonly [K in keyof Y]: JacobianTree<Y[K], X> };

/** The options of `hessian`. */
export interface HessianOptions<I extends ArgumentChoice = ArgumentChoice> extends ArgumentOptions<I> {
  /** How many rows or columns to compute at a time: fewer take less memory, and more time. Defaults to all. */
  readonly chunkSize?: number;
}

/** The options of `jacobian`. */
export interface JacobianOptions<I extends ArgumentChoice = ArgumentChoice> extends HessianOptions<I> {
  /** `forward` for a pass for each column, `reverse` for one for each row. Defaults to whichever are fewer. */
  readonly mode?: JacobianMode;
}

function checkChunkSize(call: string, chunkSize: number | undefined): void {
  if (chunkSize === undefined || (Number.isInteger(chunkSize) && chunkSize > 0)) return;
  throw new ArgumentError(`${call}: the chunk size is ${describeValue(chunkSize)}, expected a whole number above 0`);
}

/** Tensors of the shape of `x` with a single 1, at places from `start` on, side by side. */
function basisOf({ size, shape, dtype }: Tensor, start: number, count: number): Tensor {
  const basis = filled([count, ...shape], 0, dtype);
  for (let i = 0; i < count; i++) basis.data[i * size + start + i] = 1;
  return new Tensor(basis);
}

/** What a walk along the tape gives for all of a basis, so many at a time; they lie along the first axis, or the last. */
function throughBasis(
  x: Tensor,
  chunkSize = x.size,
  end: 'first' | 'last',
  walk: (basis: Tensor) => Tensor[],
): Tensor[] {
  const parts = [walk(basisOf(x, 0, Math.min(chunkSize, x.size)))];
  for (let start = chunkSize; start < x.size; start += chunkSize) {
    parts.push(walk(basisOf(x, start, Math.min(chunkSize, x.size - start))));
  }
  const [first, ...others] = parts as [Tensor[], ...Tensor[][]];
  if (others.length === 0) return first;
  return first.map((part, i) =>
    k.concat(
      parts.map((each) => each[i]!),
      end === 'first' ? 0 : part.rank - 1,
    ),
  );
}

const sizeOfAll = (tensors: readonly Tensor[]): number => tensors.reduce((sum, { size }) => sum + size, 0);

/** Of a list of `length` tensors all but one are left out. */
const only = (length: number, i: number, x: Tensor): (Tensor | undefined)[] =>
  Array.from({ length }, (_, j) => (i === j ? x : undefined));

/** What the walks draw, as a hook may, is one draw, however many directions are taken at a time. */
const drawnOnce = { randomness: 'same' } as const;

function jacobianOf(
  call: string,
  f: (...args: never[]) => unknown,
  argument: ArgumentChoice,
  { mode, chunkSize }: { readonly mode: JacobianMode | undefined; readonly chunkSize: number | undefined },
  args: readonly unknown[],
): unknown {
  const { positions, pick } = chosen(argument);
  const { outputs, result, varied, pullBack, pushForward } = differentiate(call, f, positions, args);
  const inputs = tensorsOf(call, 'the arguments', varied);
  const isForward = (mode ?? (sizeOfAll(inputs) < sizeOfAll(outputs) ? 'forward' : 'reverse')) === 'forward';
  const columns = (x: Tensor, j: number): Tensor[] => {
    const walk = vmap((e: Tensor) => pushForward(only(inputs.length, j, e)), { outAxes: -1, ...drawnOnce });
    return throughBasis(x, chunkSize, 'last', (basis) => walk(basis) as Tensor[]);
  };
  const rows = (y: Tensor, i: number): Tensor[] => {
    const walk = vmap((e: Tensor) => pullBack(only(outputs.length, i, e)), drawnOnce);
    return throughBasis(y, chunkSize, 'first', (basis) => walk(basis) as Tensor[]);
  };
  const found = isForward ? inputs.map(columns) : outputs.map(rows);
  const derivative = (y: Tensor, i: number, x: Tensor, j: number): Tensor =>
    (isForward ? found[j]![i]! : found[i]![j]!).reshape([...y.shape, ...x.shape]);
  const trees = outputs.map((y, i) => {
    const derivatives = inputs.map((x, j) => derivative(y, i, x, j));
    return pick(withTensors(varied, derivatives));
  });
  return withTensors(result, trees);
}

/**
 * The Jacobian of a function, as a function of the same arguments: `[...shape of the result, ...shape of the argument]`,
 * J[i, j] = dy_i / dx_j. Where results or arguments are trees, a tree of trees.
 *
 * It takes a pass for each column or for each row, all of them at once, or so many as `chunkSize` says.
 *
 * @example
 * const square = (x: Tensor<readonly [2]>) => x.mul(x);
 * jacobian(square)(tensor([1, 3])).toArray(); // [[2, 0], [0, 6]]
 * jacobian(square, { chunkSize: 1 })(tensor([1, 3])).toArray(); // [[2, 0], [0, 6]]
 */
export const jacobian = <A extends readonly unknown[], R, const I extends ArgumentChoice = 0>(
  f: (...args: A) => R,
  options: JacobianOptions<I> = {},
  ...more: []
): ((...args: A) => JacobianTree<R, AtArguments<A, I>>) => {
  const argument = checkTransform('jacobian', f, options, ['argument', 'mode', 'chunkSize'], more);
  const { mode, chunkSize } = options;
  if (mode !== undefined && mode !== 'reverse' && mode !== 'forward') {
    throw new ArgumentError(`jacobian: unknown mode ${describeValue(mode)}, expected 'reverse' or 'forward'`);
  }
  checkChunkSize('jacobian', chunkSize);
  return (...args) => jacobianOf('jacobian', f, argument, { mode, chunkSize }, args) as never;
};

/**
 * The Hessian of a scalar function, as a function of the same arguments: the Jacobian of its gradient,
 * `[...shape of the argument, ...shape of the argument]`, H[i, j] = d^2 f / dx_i dx_j. Where arguments are trees, a tree of
 * trees. Forward over reverse: the gradient's tape is run along once, with all directions at a time, or again and again with so
 * many as `chunkSize` says.
 *
 * @throws ShapeError where the function's result is no scalar.
 * @example
 * const f = (x: Tensor<readonly [2]>) => x.pow(3).sum();
 * hessian(f)(tensor([1, 2])).toArray(); // [[6, 0], [0, 12]]
 */
export const hessian = <A extends readonly unknown[], S extends Shape, const I extends ArgumentChoice = 0>(
  f: (...args: A) => ScalarResult<'hessian', S>,
  options: HessianOptions<I> = {},
  ...more: []
): ((...args: A) => JacobianTree<AtArguments<A, I>, AtArguments<A, I>>) => {
  const argument = checkTransform('hessian', f, options, ['argument', 'chunkSize'], more);
  const { chunkSize } = options;
  checkChunkSize('hessian', chunkSize);
  const gradient = (...at: unknown[]) => gradientOf('hessian', f, argument, at).gradient;
  return (...args) => jacobianOf('hessian', gradient, argument, { mode: 'forward', chunkSize }, args) as never;
};
