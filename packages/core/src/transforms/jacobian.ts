/** Full Jacobians and Hessians, computed in one pass over the tape for all basis vectors at once. */

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

/** How to compute a Jacobian: row by row in reverse mode, or column by column in forward mode. */
export type JacobianMode = 'reverse' | 'forward';

/**
 * A tree of trees: in place of each tensor of `Y`, the structure of `X`, with the derivatives of that tensor with
 * respect to each tensor of `X`.
 */
export type JacobianTree<Y, X> =
  Y extends Tensor<infer A>
    ? X extends Tensor<infer B>
      ? Tensor<Joined<A, B>>
      : { readonly [K in keyof X]: JacobianTree<Y, X[K]> }
    : { readonly [K in keyof Y]: JacobianTree<Y[K], X> };

/** The options of `hessian`. */
export interface HessianOptions<I extends ArgumentChoice = ArgumentChoice> extends ArgumentOptions<I> {
  /**
   * The number of rows or columns to compute at a time. Smaller chunks take less memory but more time. Defaults to
   * computing all at once.
   */
  readonly chunkSize?: number;
}

/** The options of `jacobian`. */
export interface JacobianOptions<I extends ArgumentChoice = ArgumentChoice> extends HessianOptions<I> {
  /**
   * The mode of differentiation: `forward` takes one pass for each column, `reverse` takes one for each row. Defaults
   * to the mode that needs fewer passes.
   */
  readonly mode?: JacobianMode;
}

function checkChunkSize(call: string, chunkSize: number | undefined): void {
  if (chunkSize === undefined || (Number.isInteger(chunkSize) && chunkSize > 0)) return;
  throw new ArgumentError(`${call}: the chunk size is ${describeValue(chunkSize)}, expected an integer above 0`);
}

/**
 * Returns `count` basis tensors of the shape of `x`, stacked along a new first axis. Each has a single 1: the first at
 * position `start`, the next at `start + 1`, and so on.
 */
function basisOf({ size, shape, dtype }: Tensor, start: number, count: number): Tensor {
  const basis = filled([count, ...shape], 0, dtype);
  for (let i = 0; i < count; i++) basis.data[i * size + start + i] = 1;
  return new Tensor(basis);
}

/**
 * Runs a walk over the tape on all vectors of a basis, `chunkSize` vectors at a time. Joins the results along the first
 * or last axis.
 */
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

/** Returns a list of `length` entries that are all undefined except `x` at `i`. */
const only = (length: number, i: number, x: Tensor): (Tensor | undefined)[] =>
  Array.from({ length }, (_, j) => (i === j ? x : undefined));

/** Makes all directions share a random draw that happens during a walk, such as in a hook, whatever the chunk size. */
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
 * Returns the Jacobian of a function, as a function of the same arguments. The Jacobian has shape `[...shape of the
 * result, ...shape of the argument]`, with J[i, j] = dy_i / dx_j. If results or arguments are trees, the Jacobian is a
 * tree of trees.
 *
 * The computation takes one pass for each column or row. The passes run all at once, or `chunkSize` at a time.
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
 * Returns the Hessian of a scalar function, as a function of the same arguments: the Jacobian of its gradient. The
 * Hessian has shape `[...shape of the argument, ...shape of the argument]`, with H[i, j] = d^2 f / dx_i dx_j. If
 * arguments are trees, the Hessian is a tree of trees. It is computed by forward over reverse mode: the gradient's tape
 * is walked once with all directions, or repeatedly with `chunkSize` directions at a time.
 *
 * @throws ShapeError if the function's result isn't a scalar.
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
