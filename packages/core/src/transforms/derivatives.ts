/**
 * Functions made of functions: gradients, and products with Jacobians and Hessians.
 *
 * They nest in any way, since each runs its function on inputs of its own, and what it computes is recorded in turn where
 * anything outside requires a gradient. A differentiated argument is a tensor, or arrays and plain objects of tensors
 * nested to any depth; the result has its structure. Other arguments are passed on as they are.
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
import { checkFunction, checkNoMore, checkOptions } from '../checks/untyped-callers.ts';
import { checkTensor, type Fitting, kernels, Tensor } from '../tensor.ts';
import type { Printed } from '../types/static-shapes.ts';
import { type Linearization, linearize } from './linearize.ts';
import { mapTensors, type TensorTree, tensorsLike, tensorsOf, withTensors } from './trees.ts';

/** The result of a function that is differentiated: a tensor of one element, or the sentence that says it is none. */
export type ScalarResult<Call extends string, S extends Shape> = Fitting<
  number extends S['length']
    ? S
    : S extends readonly 1[]
      ? S
      : ShapeError<`${Call}: expected a function with a scalar result, got shape ${Printed<S>}`>,
  S
>;

/** The position of an argument, or the positions of several. */
export type ArgumentChoice = number | readonly number[];

/** What a transform gives for the arguments at these positions, one or a list. */
export type AtArguments<A extends readonly unknown[], I extends ArgumentChoice> = I extends number
  ? TensorTree<A[I]>
  : I extends readonly number[]
    ? { readonly [K in keyof I]: TensorTree<A[I[K] & number]> }
    : never;

/** The option that says which arguments a transform differentiates by. */
export interface ArgumentOptions<I extends ArgumentChoice = ArgumentChoice> {
  /** By which argument to differentiate, by position; for a list, the result is a list. The first unless given. */
  readonly argument?: I;
}

type AnyFunction = (...args: never[]) => unknown;

/** The tensors of a tree, all of them floats. */
function floatsOf(call: string, where: string, tree: unknown): Tensor[] {
  const tensors = tensorsOf(call, where, tree);
  const wrong = tensors.find(({ dtype }) => !isFloat(dtype));
  if (wrong === undefined) return tensors;
  throw new DTypeError(`${call}: ${where} has a tensor of ${wrong.dtype}; expected float32 or float64`);
}

/** A function near its arguments, of which some are varied. */
export interface Differentiated extends Linearization {
  /** The varied arguments, as one tree. */
  readonly varied: unknown;
  /** What the function gave. */
  readonly result: unknown;
}

/**
 * Linearizes a function in its arguments at `positions`. `split` tells what it gave apart: the tree of its outputs, and
 * whatever else goes to the caller.
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
  // A copy, since the caller may go on with the arrays and objects before the derivatives are asked for.
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

/** The positions of all arguments. */
const everyPosition = (args: readonly unknown[]): number[] => args.map((_, i) => i);

/** Throws unless a transform is given a function, and after it options alone. Gives the positions of arguments that they name. */
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
      `${call}: expected options behind the function, got ${got}; ${call}(f) is a function: ${call}(f)(x)`,
    );
  }
  checkOptions(call, options, known);
  const { argument = 0 } = options;
  if (typeof argument === 'number') return argument;
  if (Array.isArray(argument)) return argument.slice();
  throw new ArgumentError(`${call}: expected the position of an argument, or a list, got ${describeValue(argument)}`);
}

/** The positions that an option names, and how to give what was found for them: as a list only if it was one. */
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

/** Value, whatever came beside it, and gradients of a scalar function. */
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
  throw new ArgumentError(`${call}: with hasAux, expected a function whose result is [value, whatever else]`);
}

/**
 * The gradient of a scalar function, as a function of the same arguments. The result has the structure and shapes of the
 * argument, and is 0 where the function does not depend on it.
 *
 * Tensors that the function captures are constants to it; gradients flow to them from outside, as to parameters in a
 * penalty on a gradient.
 *
 * @throws ShapeError where the function's result is no scalar.
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
 * Value and gradient of a scalar function, as a function of the same arguments. With `hasAux`, the function gives
 * `[value, aux]`, where `aux` is anything, and so does the result in place of the value.
 *
 * @throws ShapeError where the function's value is no scalar.
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
 * The value of a function, and its vector-Jacobian product there: from a cotangent v of the result, of its structure, the
 * list of v^T dy/dx for each argument x. It can be called any number of times.
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

/** The tangents of some arguments, checked against them. */
function tangentsOf(call: string, tangents: unknown, primals: readonly unknown[], more: readonly unknown[]): Tensor[] {
  checkNoMore(call, more);
  if (Array.isArray(primals)) return tensorsLike(call, 'tangents', tangents, primals);
  throw new ArgumentError(`${call}: expected lists, as in ${call}(f, [x], [u]), got ${describeValue(primals)}`);
}

/**
 * The value of a function and its Jacobian-vector product: the derivative dy/dx u of the result along the tangents u, one
 * for each argument x and of its structure. It is had by one pass forwards, whatever the number of outputs.
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
 * The product of the Hessian of a scalar function with tangents, one for each argument and of its structure, without the
 * Hessian: the derivative of the gradient along them. The result is a list with an entry for each argument.
 *
 * @throws ShapeError where the function's result is no scalar.
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
 * The same elements, held constant: no gradient and no tangent flows through the result.
 *
 * @example
 * grad((x: Tensor<readonly []>) => x.mul(stopGradient(x)))(tensor(3)).item(); // 3
 */
export const stopGradient = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  kernels.stopGradient(checkTensor('stopGradient', x, more)) as Tensor<S>;
