/** Reductions and scans beside those that are methods of `Tensor`. */

import { ArgumentError, DTypeError, normalizeAxis, type Shape } from '@tapegrad/kernels';
import { type ReduceOptions, reduce } from '../arguments.ts';
import { std as stdAlong } from '../composites.ts';
import { checkFloat, checkTensor, kernels as k, type Of, type Tensor } from '../tensor.ts';
import type { Axes, Reduce } from '../types/static-shapes.ts';
import { concat } from './method-functions.ts';

/**
 * The standard deviation, the square root of the variance: sqrt(sum (x - mean)^2 / (n - correction)), where the correction
 * is 1 (Bessel's) unless given. Where all elements are equal the derivatives are 0. Squares neither overflow nor vanish.
 *
 * @example
 * std(tensor([1, 2, 3, 4]), 0, { correction: 0 }).item(); // 1.118034
 */
export function std<S extends Shape, const A extends Axes = undefined, const Keep extends boolean = false>(
  x: Tensor<S>,
  axis?: A,
  options: ReduceOptions<Keep> & { readonly correction?: number } = {},
): Of<Reduce<S, A, Keep>> {
  const { correction = 1 } = options;
  const t = checkFloat('std', x);
  if (!(correction >= 0)) throw new ArgumentError(`std: the correction is ${correction}, expected a number >= 0`);
  return reduce<Tensor>(k, 'std', t, axis, options, (axes) => stdAlong<Tensor>(k, t, axes, correction)) as never;
}

/**
 * The running product along an axis. It is made of products alone, log2 n of them one after the other, so its derivatives
 * of every order are exact where elements are zero.
 *
 * @example
 * cumprod(tensor([1, 2, 3, 4]), 0).toArray(); // [1, 2, 6, 24]
 */
export function cumprod<S extends Shape>(x: Tensor<S>, axis: number): Tensor<S> {
  const i = normalizeAxis('cumprod', axis, checkTensor('cumprod', x).rank);
  if (x.dtype === 'bool') throw new DTypeError('cumprod: expected numbers, got bool; cast it first');
  const length = x.shape[i]!;
  // Each entry is the product of the last `reach` ones, then of twice as many.
  let products: Tensor = x;
  for (let reach = 1; reach < length; reach *= 2) {
    const longer = products.slice(i, reach).mul(products.slice(i, 0, length - reach));
    products = concat([products.slice(i, 0, reach), longer], i);
  }
  return products as Tensor<S>;
}

/**
 * Whether any element is true, or not 0, as a bool; of no elements it is false.
 *
 * @example
 * any(tensor([[0, 2], [0, 0]]), 1).toArray(); // [1, 0]
 */
export const any = <S extends Shape, const A extends Axes = undefined, const Keep extends boolean = false>(
  x: Tensor<S>,
  axis?: A,
  options?: ReduceOptions<Keep>,
): Of<Reduce<S, A, Keep>> =>
  (checkTensor('any', x).cast('bool').cast('int32').sum(axis, options) as Tensor).greater(0) as never;

/**
 * Whether all elements are true, or not 0, as a bool; of no elements it is true.
 *
 * @example
 * all(tensor([[1, 2], [0, 3]]), 1).toArray(); // [1, 0]
 */
export const all = <S extends Shape, const A extends Axes = undefined, const Keep extends boolean = false>(
  x: Tensor<S>,
  axis?: A,
  options?: ReduceOptions<Keep>,
): Of<Reduce<S, A, Keep>> => {
  const untrue = checkTensor('all', x).cast('bool').equal(0).cast('int32');
  return (untrue.sum(axis, options) as Tensor).equal(0) as never;
};
