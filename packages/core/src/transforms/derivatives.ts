/**
 * Function transforms: gradients, and products with Jacobians and Hessians.
 *
 * They compose in any nesting. Each transform runs its function on fresh inputs. The transform's computation is itself
 * recorded if anything outside it requires a gradient. A differentiated argument is a tensor, or arrays and plain
 * objects of tensors nested to any depth. The result has the same structure as the argument. Other arguments are passed
 * through unchanged.
 */

import {
  ArgumentError,
  checkSynchronous,
  DTypeError,
  filled,
  formatShape,
  isFloat,
  type Shape,
  ShapeError,
} from '@tapegrad/kernels';
import { describeValue } from '../checks/describe-value.ts';
import { checkTensor } from '../checks/operands.ts';
import { checkFunction, checkNoMore, checkOptions } from '../checks/untyped-callers.ts';
import { type Fitting, kernels, Tensor } from '../tensor.ts';
import type { Printed } from '../types/static-shapes.ts';
import { type Linearization, linearize } from './linearize.ts';
import { mapTensors, type TensorTree, tensorsLike, tensorsOf, withTensors } from './trees.ts';

/**
 * The result type of a differentiated function: a tensor with one element, or an error message that says it isn't a
 * scalar.
 */
export type ScalarResult<Call extends string, S extends Shape> = Fitting<
  number extends S['length']
    ? S
    : S extends readonly 1[]
      ? S
      : ShapeError<`${Call}: expected a function with a scalar result, got shape ${Printed<S>}`>,
  S
>;

/** The position of an argument, or a list of positions. */
export type ArgumentChoice = number | readonly number[];

/**
 * The result type of a transform: one entry for a single argument position, or a list with one entry for each of
 * several positions.
 */
export type AtArguments<A extends readonly unknown[], I extends ArgumentChoice> = I extends number
  ? TensorTree<A[I]>
  : I extends readonly number[]
    ? { readonly [K in keyof I]: TensorTree<A[I[K] & number]> }
    : never;

/** The option that selects the arguments to differentiate with respect to. */
export interface ArgumentOptions<I extends ArgumentChoice = ArgumentChoice> {
  /**
   * The position of the argument to differentiate with respect to. For a list, the result is a list, too. Defaults to 0.
   */
  readonly argument?: I;
}

type AnyFunction = (...args: never[]) => unknown;

/** Returns the tensors of a tree. Throws if any of them is not a float tensor. */
function floatsOf(call: string, where: string, tree: unknown): Tensor[] {
  const tensors = tensorsOf(call, where, tree);
  const wrong = tensors.find(({ dtype }) => !isFloat(dtype));
  if (wrong === undefined) return tensors;
  throw new DTypeError(`${call}: ${where} has a tensor of ${wrong.dtype}; expected float32 or float64`);
}

/** The linearization of a function with respect to some of its arguments, and its result. */
export interface Differentiated extends Linearization {
  /** The differentiated arguments, as one tree. */
  readonly varied: unknown;
  /** The function's result. */
  readonly result: unknown;
}

/**
 * Linearizes a function with respect to its arguments at `positions`. `split` divides the function's result into the
 * tree of differentiable outputs, and `others` that are returned to the caller as they are.
 */
export function differentiate(
  call: string,
  f: AnyFunction,
  positions: readonly number[],
  args: readonly unknown[],
  split: (result: unknown) => { readonly outputs: unknown; readonly others?: unknown } = (outputs) => ({ outputs }),
): Differentiated {
  checkFunction(call, f);
  const absent = positions.find((i) => !(Number.isInteger(i) && i >= 0 && i < args.length));
  if (absent !== undefined) {
    throw new ArgumentError(`${call}: there is no argument ${absent}: the function was called with ${args.length}`);
  }
  const given = positions.map((i) => args[i]);
  const inputs = given.flatMap((tree, i) => floatsOf(call, `argument ${positions[i]}`, tree));
  // A copy, since the caller may change the arrays and objects before the derivatives are computed.
  const varied = withTensors(given, inputs);
  let result: unknown;
  const linearization = linearize(inputs, (leaves) => {
    const trees = withTensors(varied, leaves) as unknown[];
    const all = args.slice();
    positions.forEach((position, i) => {
      all[position] = trees[i];
    });
    result = checkSynchronous(call, (f as (...args: unknown[]) => unknown)(...all));
    const { outputs, others } = split(result);
    const beside: Tensor[] = [];
    mapTensors(call, others, (x) => {
      beside.push(x);
      return x;
    });
    return { outputs: floatsOf(call, 'the result', outputs), others: beside };
  });
  return { ...linearization, varied, result };
}

/** Returns the positions of all arguments. */
const everyPosition = (args: readonly unknown[]): number[] => args.map((_, i) => i);

/**
 * Throws unless a transform is called with a function and, optionally, options. Returns the argument positions from the
 * options.
 */
export function checkTransform<O extends ArgumentOptions>(
  call: string,
  f: unknown,
  options: O,
  known: readonly (keyof O & string)[],
  more: readonly unknown[],
): ArgumentChoice {
  checkFunction(call, f);
  if (options instanceof Tensor || more.length > 0) {
    const got = [options, ...more].map((x) => describeValue(x)).join(', ');
    throw new ArgumentError(
      `${call}: expected options after the function, got ${got}; ${call}(f) is a function: ${call}(f)(x)`,
    );
  }
  checkOptions(call, options, known);
  const { argument = 0 } = options;
  if (typeof argument === 'number') return argument;
  if (Array.isArray(argument)) return argument.slice();
  throw new ArgumentError(`${call}: expected the position of an argument, or a list, got ${describeValue(argument)}`);
}

/**
 * Returns the positions that `argument` selects, and the function `pick`. `pick` returns the first entry of a list if
 * `argument` is a number, or the whole list if it is a list.
 */
export function chosen(argument: ArgumentChoice): { positions: readonly number[]; pick: (list: unknown) => unknown } {
  return typeof argument === 'number'
    ? { positions: [argument], pick: (list) => (list as readonly unknown[])[0] }
    : { positions: argument, pick: (list) => list };
}

function checkScalar(call: string, y: unknown): Tensor {
  if (!(y instanceof Tensor)) throw new ArgumentError(`${call}: expected a function whose result is a tensor`);
  if (y.size === 1) return y;
  const got = `got shape ${formatShape(y.shape)}`;
  throw new ShapeError(`${call}: expected a function with a scalar result, ${got}; reduce it, or use vjp or jacobian`);
}

/** Computes the value, auxiliary results and gradients of a scalar function. */
export function gradientOf(
  call: string,
  f: AnyFunction,
  argument: ArgumentChoice,
  args: readonly unknown[],
  hasAux = false,
): { value: Tensor; aux: unknown; gradient: unknown } {
  const { positions, pick } = chosen(argument);
  const split = (result: unknown) => {
    const [value, aux] = hasAux ? pairOf(call, result) : [result];
    return { outputs: checkScalar(call, value), others: aux };
  };
  const { outputs, result, varied, release, pullBack } = differentiate(call, f, positions, args, split);
  const value = outputs[0]!;
  const gradients = pullBack([new Tensor(filled(value.shape, 1, value.dtype))]);
  const aux = hasAux ? mapTensors(call, pairOf(call, result)[1], release) : undefined;
  return { value, aux, gradient: pick(withTensors(varied, gradients)) };
}

function pairOf(call: string, result: unknown): readonly [value: unknown, aux: unknown] {
  if (Array.isArray(result) && result.length === 2) return result as [unknown, unknown];
  throw new ArgumentError(`${call}: with hasAux, expected a function whose result is [value, auxiliary]`);
}

/**
 * Returns the gradient of a scalar function, as a function of the same arguments. The gradient has the same structure
 * and shapes as the argument, and is 0 if the function does not depend on it.
 *
 * The transform treats captured tensors as constants. An outer differentiation still sends gradients to them, for
 * example to parameters in a gradient penalty.
 *
 * @throws ShapeError if the function's result isn't a scalar.
 * @example
 * const cube = (x: Tensor<readonly []>) => x.pow(3);
 * grad(cube)(tensor(2)).item(); // 12
 * grad(grad(grad(cube)))(tensor(2)).item(); // 6
 */
export function grad<A extends readonly unknown[], S extends Shape, const I extends ArgumentChoice = 0>(
  f: (...args: A) => ScalarResult<'grad', S>,
  options: ArgumentOptions<I> = {},
  ...more: []
): (...args: A) => AtArguments<A, I> {
  const argument = checkTransform('grad', f, options, ['argument'], more);
  return (...args) => gradientOf('grad', f, argument, args).gradient as never;
}

/**
 * Returns the value and gradient of a scalar function, as a function of the same arguments. With `hasAux`, the function
 * returns `[value, aux]`, where `aux` can be anything. In the result, `[value, aux]` then takes the place of the value.
 *
 * @throws ShapeError if the function's value isn't a scalar.
 * @example
 * const loss = (w: Tensor<readonly [2]>, x: Tensor<readonly [2]>) => w.mul(x).sum();
 * const [value, gradient] = valueAndGrad(loss)(tensor([1, 2]), tensor([3, 4]));
 * value.item(); // 11
 * gradient.toArray(); // [3, 4]
 */
export function valueAndGrad<A extends readonly unknown[], S extends Shape, const I extends ArgumentChoice = 0>(
  f: (...args: A) => ScalarResult<'valueAndGrad', S>,
  options?: ArgumentOptions<I> & { readonly hasAux?: false },
  ...more: []
): (...args: A) => readonly [value: Tensor<S>, gradient: AtArguments<A, I>];
export function valueAndGrad<A extends readonly unknown[], S extends Shape, X, const I extends ArgumentChoice = 0>(
  f: (...args: A) => readonly [value: ScalarResult<'valueAndGrad', S>, aux: X],
  options: ArgumentOptions<I> & { readonly hasAux: true },
  ...more: []
): (...args: A) => readonly [valueAndAux: readonly [value: Tensor<S>, aux: X], gradient: AtArguments<A, I>];
export function valueAndGrad(
  f: AnyFunction,
  options: ArgumentOptions & { readonly hasAux?: boolean } = {},
  ...more: []
) {
  const argument = checkTransform('valueAndGrad', f, options, ['argument', 'hasAux'], more);
  const { hasAux = false } = options;
  return (...args: unknown[]) => {
    const { value, aux, gradient } = gradientOf('valueAndGrad', f, argument, args, hasAux);
    return [hasAux ? [value, aux] : value, gradient] as never;
  };
}

/**
 * Computes the value of a function, and a pullback for vector-Jacobian products. The pullback takes a cotangent v with
 * the same structure as the function's result. It returns the list of v^T dy/dx, one for each argument x, and can be
 * called any number of times.
 *
 * @example
 * const [y, pullback] = vjp((x: Tensor) => x.mul(x), tensor([1, 2, 3]));
 * y.toArray(); // [1, 4, 9]
 * const [dx] = pullback(tensor([1, 0, 1]));
 * dx.toArray(); // [2, 0, 6]
 */
export function vjp<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...primals: A
): readonly [value: TensorTree<R>, pullback: (cotangent: TensorTree<R>) => TensorTree<A>] {
  const { outputs, result, varied, pullBack } = differentiate('vjp', f, everyPosition(primals), primals);
  const value = withTensors(result, outputs);
  const pullback = (cotangent: unknown) =>
    withTensors(varied, pullBack(tensorsLike('vjp', 'the cotangent', cotangent, value)));
  return [value, pullback] as never;
}

/** Returns the tangents as a flat list, after checking that each has the structure, shapes and dtypes of its argument. */
function tangentsOf(call: string, tangents: unknown, primals: readonly unknown[], more: readonly unknown[]): Tensor[] {
  checkNoMore(call, more);
  if (Array.isArray(primals)) return tensorsLike(call, 'tangents', tangents, primals);
  throw new ArgumentError(`${call}: expected lists, as in ${call}(f, [x], [u]), got ${describeValue(primals)}`);
}

/**
 * Computes the value of a function and its Jacobian-vector product: the derivative dy/dx u of the result along the
 * tangents u. There is one tangent for each argument x, with the same structure as x. One forward pass is enough,
 * whatever the number of outputs.
 *
 * @example
 * const [y, tangent] = jvp((x: Tensor) => x.mul(x), [tensor([1, 2, 3])], [tensor([1, 0, -1])]);
 * y.toArray(); // [1, 4, 9]
 * tangent.toArray(); // [2, 0, -6]
 */
export function jvp<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  primals: readonly [...A],
  tangents: TensorTree<A>,
  ...more: []
): readonly [value: TensorTree<R>, tangent: TensorTree<R>] {
  const along = tangentsOf('jvp', tangents, primals, more);
  const { outputs, result, pushForward } = differentiate('jvp', f, everyPosition(primals), primals);
  return [withTensors(result, outputs), withTensors(result, pushForward(along))] as never;
}

/**
 * Computes the product of a scalar function's Hessian with tangents, without forming the Hessian: the derivative of the
 * gradient along the tangents. There is one tangent for each argument, with the same structure as that argument. The
 * result is a list with one entry for each argument.
 *
 * @throws ShapeError if the function's result isn't a scalar.
 * @example
 * const f = (x: Tensor) => x.pow(3).sum();
 * hvp(f, [tensor([1, 2])], [tensor([1, 1])])[0].toArray(); // [6, 12]
 */
export function hvp<A extends readonly unknown[], S extends Shape>(
  f: (...args: A) => ScalarResult<'hvp', S>,
  primals: readonly [...A],
  tangents: TensorTree<A>,
  ...more: []
): TensorTree<A> {
  const along = tangentsOf('hvp', tangents, primals, more);
  const positions = everyPosition(primals);
  const gradients = (...args: unknown[]) => gradientOf('hvp', f, positions, args).gradient;
  const { varied, pushForward } = differentiate('hvp', gradients, positions, primals);
  return withTensors(varied, pushForward(along)) as never;
}

/**
 * Returns the same elements as a constant: no gradient and no tangent flows through the result.
 *
 * @example
 * grad((x: Tensor<readonly []>) => x.mul(stopGradient(x)))(tensor(3)).item(); // 3
 */
export const stopGradient = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  kernels.stopGradient(checkTensor('stopGradient', x, more)) as Tensor<S>;
