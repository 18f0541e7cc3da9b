/** Whole Jacobians and Hessians, by one pass along the tape with all of a basis at once. */

import { ArgumentError, type Shape } from '@tapegrad/kernels';
import { eye } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import type { Joined } from '../types/static-shapes.ts';
import {
  type ArgumentChoice,
  type ArgumentOptions,
  type AtArguments,
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

/** All tensors of the shape of `x` with a single 1, side by side. */
const basisOf = ({ size, shape, dtype }: Tensor): Tensor => eye(size, { dtype }).reshape([size, ...shape]);

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
  mode: JacobianMode | undefined,
  args: readonly unknown[],
): unknown {
  const { positions, pick } = chosen(argument);
  const { outputs, result, varied, pullBack, pushForward } = differentiate(call, f, positions, args);
  const inputs = tensorsOf(call, 'the arguments', varied);
  const isForward = (mode ?? (sizeOfAll(inputs) < sizeOfAll(outputs) ? 'forward' : 'reverse')) === 'forward';
  const columns = (x: Tensor, j: number): Tensor[] =>
    vmap((e: Tensor) => pushForward(only(inputs.length, j, e)), { outAxes: -1, ...drawnOnce })(basisOf(x)) as Tensor[];
  const rows = (y: Tensor, i: number): Tensor[] =>
    vmap((e: Tensor) => pullBack(only(outputs.length, i, e)), drawnOnce)(basisOf(y)) as Tensor[];
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
 * `forward` takes a pass for each column, `reverse` one for each row, all of them at once; whichever are fewer unless
 * `mode` says otherwise.
 *
 * @example
 * const square = (x: Tensor<readonly [2]>) => x.mul(x);
 * jacobian(square)(tensor([1, 3])).toArray(); // [[2, 0], [0, 6]]
 */
export const jacobian =
  <A extends readonly unknown[], R, const I extends ArgumentChoice = 0>(
    f: (...args: A) => R,
    options: ArgumentOptions<I> & { readonly mode?: JacobianMode } = {},
  ): ((...args: A) => JacobianTree<R, AtArguments<A, I>>) =>
  (...args) => {
    const { argument = 0, mode } = options;
    if (mode !== undefined && mode !== 'reverse' && mode !== 'forward') {
      throw new ArgumentError(`jacobian: unknown mode '${mode}', expected 'reverse' or 'forward'`);
    }
    return jacobianOf('jacobian', f, argument, mode, args) as never;
  };

/**
 * The Hessian of a scalar function, as a function of the same arguments: the Jacobian of its gradient,
 * `[...shape of the argument, ...shape of the argument]`, H[i, j] = d^2 f / dx_i dx_j. Where arguments are trees, a tree of
 * trees. Forward over reverse: the gradient's tape is run along once, with all directions at a time.
 *
 * @throws ShapeError where the function's result is no scalar.
 * @example
 * const f = (x: Tensor<readonly [2]>) => x.pow(3).sum();
 * hessian(f)(tensor([1, 2])).toArray(); // [[6, 0], [0, 12]]
 */
export const hessian =
  <A extends readonly unknown[], S extends Shape, const I extends ArgumentChoice = 0>(
    f: (...args: A) => ScalarResult<'hessian', S>,
    options: ArgumentOptions<I> = {},
  ): ((...args: A) => JacobianTree<AtArguments<A, I>, AtArguments<A, I>>) =>
  (...args) => {
    const { argument = 0 } = options;
    const gradient = (...at: unknown[]) => gradientOf('hessian', f, argument, at).gradient;
    return jacobianOf('hessian', gradient, argument, 'forward', args) as never;
  };
