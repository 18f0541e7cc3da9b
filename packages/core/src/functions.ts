/**
 * The operations as functions, for those who prefer `add(x, y)` to `x.add(y)`. Each is described at the method of
 * `Tensor` that has its name; in those of two operands a number may stand on either side.
 */

import { ArgumentError, type DType, normalizeAxis, type Shape, type Window } from '@tapegrad/kernels';
import { stack as stackAlong } from './compositions.ts';
import { full } from './create.ts';
import { einsum as runEinsum } from './einsum.ts';
import type { Axes, Broadcast, MatMul, Permute, Reduce, Reshape, Transpose } from './static-shapes.ts';
import { withRecording } from './tape.ts';
import { type Fitting, kernels as k, type Of, type Operand, type ReduceOptions, type Tensor } from './tensor.ts';

type UnaryFunction = <S extends Shape>(x: Tensor<S>) => Tensor<S>;

interface BinaryFunction<Call extends string> {
  <A extends Shape, B extends Shape>(x: Tensor<A>, y: Operand<Call, A, B>): Of<Broadcast<Call, A, B>>;
  <B extends Shape>(x: number, y: Tensor<B>): Tensor<B>;
}

type ReduceFunction = <S extends Shape, const A extends Axes = undefined, const Keep extends boolean = false>(
  x: Tensor<S>,
  axis?: A,
  options?: ReduceOptions<Keep>,
) => Of<Reduce<S, A, Keep>>;

type Method = {
  [Name in keyof Tensor]: Tensor[Name] extends (...args: never[]) => Tensor ? Name : never;
}[keyof Tensor];
type AnyMethod = (...args: unknown[]) => Tensor;

const call = (name: Method, x: Tensor, ...args: unknown[]): Tensor => (x[name] as AnyMethod).apply(x, args);

const unary = (name: Method): UnaryFunction => ((x: Tensor) => call(name, x)) as UnaryFunction;

const binary = <const Call extends Method>(name: Call): BinaryFunction<Call> =>
  ((x: Tensor | number, y: Tensor) =>
    call(name, typeof x === 'number' ? full([], x, { dtype: y.dtype }) : x, y)) as BinaryFunction<Call>;

const reduction = (name: Method): ReduceFunction =>
  ((x: Tensor, axis?: Axes, options?: ReduceOptions) => call(name, x, axis, options)) as ReduceFunction;

export const neg = unary('neg');
export const abs = unary('abs');
export const sign = unary('sign');
export const exp = unary('exp');
export const expm1 = unary('expm1');
export const log = unary('log');
export const log1p = unary('log1p');
export const sqrt = unary('sqrt');
export const sin = unary('sin');
export const cos = unary('cos');
export const tanh = unary('tanh');
export const sigmoid = unary('sigmoid');
export const relu = unary('relu');
export const softplus = unary('softplus');
export const erf = unary('erf');

export const add = binary('add');
export const sub = binary('sub');
export const mul = binary('mul');
export const div = binary('div');
export const pow = binary('pow');
export const maximum = binary('maximum');
export const minimum = binary('minimum');
export const equal = binary('equal');
export const notEqual = binary('notEqual');
export const less = binary('less');
export const lessEqual = binary('lessEqual');
export const greater = binary('greater');
export const greaterEqual = binary('greaterEqual');

export const sum = reduction('sum');
export const mean = reduction('mean');
export const prod = reduction('prod');
export const max = reduction('max');
export const min = reduction('min');
export const logSumExp = reduction('logSumExp');

export const variance = <S extends Shape, const A extends Axes = undefined, const Keep extends boolean = false>(
  x: Tensor<S>,
  axis?: A,
  options?: ReduceOptions<Keep> & { readonly correction?: number },
): Of<Reduce<S, A, Keep>> => x.variance(axis, options);

export const norm = <S extends Shape, const A extends Axes = undefined, const Keep extends boolean = false>(
  x: Tensor<S>,
  axis?: A,
  options?: ReduceOptions<Keep> & { readonly order?: number },
): Of<Reduce<S, A, Keep>> => x.norm(axis, options);

export const argmax = <
  S extends Shape,
  const A extends number | undefined = undefined,
  const Keep extends boolean = false,
>(
  x: Tensor<S>,
  axis?: A,
  options?: ReduceOptions<Keep>,
): Of<Reduce<S, A, Keep>> => x.argmax(axis, options);

export const argmin = <
  S extends Shape,
  const A extends number | undefined = undefined,
  const Keep extends boolean = false,
>(
  x: Tensor<S>,
  axis?: A,
  options?: ReduceOptions<Keep>,
): Of<Reduce<S, A, Keep>> => x.argmin(axis, options);

export const cumsum = <S extends Shape>(x: Tensor<S>, axis: number): Tensor<S> => x.cumsum(axis);

export const softmax = <S extends Shape>(x: Tensor<S>, axis: number | readonly number[]): Tensor<S> => x.softmax(axis);

export const logSoftmax = <S extends Shape>(x: Tensor<S>, axis: number | readonly number[]): Tensor<S> =>
  x.logSoftmax(axis);

export const where = (condition: Tensor, x: Tensor | number, y: Tensor | number): Tensor => condition.where(x, y);

export const cast = <S extends Shape>(x: Tensor<S>, dtype: DType): Tensor<S> => x.cast(dtype);

export const reshape = <const T extends Shape>(x: Tensor, shape: T): Tensor<Reshape<T>> => x.reshape(shape);

export const transpose = <S extends Shape>(x: Tensor<S>): Of<Transpose<S>> => x.transpose();

export const permute = <S extends Shape, const Order extends Shape>(
  x: Tensor<S>,
  order: Order,
): Of<Permute<S, Order>> => x.permute(order);

export const broadcastTo = <const T extends Shape>(x: Tensor, shape: T): Tensor<T> => x.broadcastTo(shape);

export const flip = <S extends Shape>(x: Tensor<S>, axis: number | readonly number[]): Tensor<S> => x.flip(axis);

export const pad = (x: Tensor, widths: readonly (readonly [before: number, after: number])[], value = 0): Tensor =>
  x.pad(widths, value);

export const take = (x: Tensor, indices: Tensor | readonly number[], axis = 0): Tensor => x.take(indices, axis);

export const scatterAdd = (x: Tensor, indices: Tensor | readonly number[], size: number, axis = 0): Tensor =>
  x.scatterAdd(indices, size, axis);

export const gather = (x: Tensor, indices: Tensor, axis: number): Tensor => x.gather(indices, axis);

export const matmul = <A extends Shape, B extends Shape>(x: Tensor<A>, y: Fitting<MatMul<A, B>, B>): Of<MatMul<A, B>> =>
  x.matmul<B>(y);

/**
 * Tensors one after the other along an axis; their shapes differ there at most.
 *
 * @example
 * concat([tensor([1, 2]), tensor([3])], 0).toArray(); // [1, 2, 3]
 */
export function concat(list: readonly Tensor[], axis: number): Tensor {
  const [first] = list;
  if (first === undefined) throw new ArgumentError('concat: expected at least one tensor, got none');
  return k.concat(...list, normalizeAxis('concat', axis, first.rank));
}

/**
 * Tensors of one shape side by side along a new axis.
 *
 * @example
 * stack([tensor([1, 2]), tensor([3, 4])], 0).shape; // [2, 2]
 */
export function stack(list: readonly Tensor[], axis: number): Tensor {
  const [first] = list;
  if (first === undefined) throw new ArgumentError('stack: expected at least one tensor, got none');
  return stackAlong<Tensor>(k, list, normalizeAxis('stack', axis, first.rank + 1));
}

/**
 * Einstein summation: each letter names an axis, letters missing from the output are summed over, `...` stands for axes
 * that broadcast, and a letter repeated in one operand takes its diagonal.
 *
 * @example
 * einsum('ij,jk->ik', a, b); // the matrix product
 * einsum('bii->b', c); // the traces of a batch
 */
export const einsum = (equation: string, ...operands: readonly Tensor[]): Tensor =>
  runEinsum<Tensor>(k, equation, operands);

/**
 * Sliding windows over the last axes, one window an axis: `[..., n1, n2]` becomes
 * `[..., size1, size2, positions1, positions2]`, so that a convolution is a matrix product.
 */
export const unfold = (x: Tensor, windows: readonly Window[]): Tensor => k.unfold(x, windows);

/** The adjoint of `unfold`: adds the entries of the windows where they came from, in zeros whose last axes are `shape`. */
export const fold = (x: Tensor, windows: readonly Window[], shape: Shape): Tensor => k.fold(x, { windows, shape });

/**
 * Runs a function without recording: no gradient flows to or through what it computes. It must not be asynchronous, since
 * recording would go on before it ends.
 *
 * @example
 * const prediction = noGrad(() => model.forward(x));
 */
export function noGrad<R>(body: () => R): R {
  return withRecording(false, () => {
    const result = body();
    if (result instanceof Promise) throw new ArgumentError('noGrad: expected a function that is not asynchronous');
    return result;
  });
}
