/**
 * Functions that do the same as methods of `Tensor`: `add(x, y)` for `x.add(y)`. Each is documented at the method with
 * the same name. Either operand of a binary operation may be a number.
 */

import {
  ArgumentError,
  type DType,
  DTypeError,
  formatShape,
  normalizeAxis,
  type Shape,
  ShapeError,
  sameShape,
  type Window,
} from '@tapegrad/kernels';
import { ownShape, ownWindows } from '../checks/arguments.ts';
import { describeValue } from '../checks/describe-value.ts';
import { checkTensor, operand } from '../checks/operands.ts';
import { checkNoMore } from '../checks/untyped-callers.ts';
import { stack as stackAlong } from '../composites.ts';
import { einsum as runEinsum } from '../einsum.ts';
import {
  type Alternative,
  type Chosen,
  type Fitting,
  kernels as k,
  type Of,
  type Operand,
  type Scalar,
  type Tensor,
} from '../tensor.ts';
import type { InsertAxis, MatMul, Permute, ReplaceAxis, Reshape, Transpose } from '../types/static-shapes.ts';
import { windowedKernels } from './extensions.ts';
import type { AlongFunction, BinaryFunction, ReduceFunction, UnaryFunction } from './operation.ts';

type Method = {
  [Name in keyof Tensor]: Tensor[Name] extends (...args: never[]) => Tensor ? Name : never;
}[keyof Tensor];
type AnyMethod = (...args: unknown[]) => Tensor;

const call = (name: Method, x: Tensor, ...args: unknown[]): Tensor =>
  (checkTensor(name, x)[name] as AnyMethod).apply(x, args);

// Calls of these functions are marked as free of side effects, so bundles include only the functions in use.

/** Turns a method into a function `F`, which takes the tensor and then the method's arguments. */
/* @__NO_SIDE_EFFECTS__ */
const method = <F>(name: Method): F => ((x: Tensor, ...args: unknown[]) => call(name, x, ...args)) as F;

/* @__NO_SIDE_EFFECTS__ */
const unary = (name: Method): UnaryFunction =>
  ((x: Tensor, ...more: readonly unknown[]) => {
    checkNoMore(name, more);
    return call(name, x);
  }) as UnaryFunction;

/* @__NO_SIDE_EFFECTS__ */
const reduction = (name: Method): ReduceFunction => method(name);

/* @__NO_SIDE_EFFECTS__ */
const binary = <const Call extends Method>(name: Call): BinaryFunction<Call> =>
  ((x: Tensor | number, y: Tensor, ...more: readonly unknown[]) => {
    checkNoMore(name, more);
    return call(name, typeof x === 'number' ? operand(name, checkTensor(name, y), x) : x, y);
  }) as BinaryFunction<Call>;

export const neg = unary('neg');
export const abs = unary('abs');
export const sign = unary('sign');
export const exp = unary('exp');
export const log = unary('log');
export const sqrt = unary('sqrt');
export const tanh = unary('tanh');
export const sigmoid = unary('sigmoid');
export const relu = unary('relu');

export const add = binary('add');
export const sub = binary('sub');
export const mul = binary('mul');
export const div = binary('div');
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

export const softmax = method<AlongFunction>('softmax');
export const logSoftmax = method<AlongFunction>('logSoftmax');

export const where =
  method<
    <C extends Shape, A extends Shape = Scalar, B extends Shape = Scalar, Y = unknown>(
      condition: Tensor<C>,
      x: number | Operand<'where', C, A>,
      y: number | (Y & Alternative<C, A, B>),
    ) => Chosen<C, A, B, Y>
  >('where');
export const cast = method<<S extends Shape>(x: Tensor<S>, dtype: DType) => Tensor<S>>('cast');

export const reshape = method<<const T extends Shape>(x: Tensor, shape: T) => Tensor<Reshape<T>>>('reshape');
export const transpose = method<<S extends Shape>(x: Tensor<S>) => Of<Transpose<S>>>('transpose');
export const permute =
  method<<S extends Shape, const Order extends Shape>(x: Tensor<S>, order: Order) => Of<Permute<S, Order>>>('permute');
export const broadcastTo = method<<const T extends Shape>(x: Tensor, shape: T) => Tensor<T>>('broadcastTo');
export const matmul =
  method<<A extends Shape, B extends Shape>(x: Tensor<A>, y: Fitting<MatMul<A, B>, B>) => Of<MatMul<A, B>>>('matmul');

function firstOf(call: string, list: readonly Tensor[], more: readonly unknown[]): Tensor {
  if (!Array.isArray(list)) {
    const mend = `${call}([x, y], axis)`;
    throw new ArgumentError(`${call}: expected an array of tensors, as in ${mend}, got ${describeValue(list)}`);
  }
  checkNoMore(call, more);
  if (list.length === 0) throw new ArgumentError(`${call}: expected at least one tensor, got none`);
  for (const x of list) checkTensor(call, x);
  return list[0]!;
}

/**
 * Concatenates tensors along an axis; their shapes may differ only along that axis.
 *
 * @example
 * concat([tensor([1, 2]), tensor([3])], 0).toArray(); // [1, 2, 3]
 */
export function concat<const L extends readonly Tensor[], const A extends number>(
  list: L,
  axis: A,
  ...more: []
): Of<ReplaceAxis<L[number]['shape'], A, readonly [number]>> {
  const first = firstOf('concat', list, more);
  return k.concat(list, normalizeAxis('concat', axis, first.rank)) as never;
}

/**
 * Stacks tensors of the same shape along a new axis.
 *
 * @example
 * stack([tensor([1, 2]), tensor([3, 4])], 0).shape; // [2, 2]
 */
export function stack<S extends Shape, const A extends number>(
  list: readonly Tensor<S>[],
  axis: A,
  ...more: []
): Of<InsertAxis<S, A, number>> {
  const first = firstOf('stack', list, more);
  for (const x of list) {
    if (!sameShape(x.shape, first.shape)) {
      const shapes = `${formatShape(first.shape)} and ${formatShape(x.shape)}`;
      throw new ShapeError(`stack: expected tensors of equal shapes, got ${shapes}`);
    }
    if (x.dtype !== first.dtype) {
      throw new DTypeError(`stack: operands are ${first.dtype} and ${x.dtype}; cast one of them`);
    }
  }
  return stackAlong<Tensor>(k, list, normalizeAxis('stack', axis, first.rank + 1)) as never;
}

/**
 * Computes an Einstein summation. Each letter names an axis. The sum runs over the letters that are missing from the
 * output. `...` stands for axes that broadcast. A letter that is repeated within one operand selects the diagonal.
 *
 * @example
 * einsum('ij,jk->ik', ones([2, 3]), ones([3, 4])).shape; // [2, 4]
 * einsum('bii->b', ones([2, 3, 3])).toArray(); // [3, 3]
 */
export const einsum = (equation: string, ...operands: readonly Tensor[]): Tensor =>
  runEinsum<Tensor>(
    k,
    equation,
    operands.map((x) => checkTensor('einsum', x)),
  );

/**
 * Extracts sliding windows over the last axes; `windows` has one entry for each of these axes. For two windows, `[...,
 * n1, n2]` becomes `[..., size1, size2, positions1, positions2]`. A convolution is then a matrix product.
 */
export const unfold = (x: Tensor, windows: readonly Window[], ...more: []): Tensor =>
  windowedKernels().unfold(checkTensor('unfold', x, more), ownWindows('unfold', windows));

/**
 * Computes the adjoint of `unfold`: starts from zeros whose last axes are `shape`, and adds each window entry at its
 * original position.
 */
export const fold = (x: Tensor, windows: readonly Window[], shape: Shape, ...more: []): Tensor =>
  windowedKernels().fold(checkTensor('fold', x, more), {
    windows: ownWindows('fold', windows),
    shape: ownShape('fold', shape),
  });
