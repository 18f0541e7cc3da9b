/**
 * Reductions and scans that few programs use. Functions without a docstring here also exist as methods, and are
 * documented there, in `methods/`.
 */

import { ArgumentError, countAlong, DTypeError, NdArray, normalizeAxis, type Shape } from '@tapegrad/kernels';
import {
  along,
  extremum,
  type NormOptions,
  position,
  type ReduceOptions,
  reduce,
  type VarianceOptions,
} from '../checks/arguments.ts';
import { checkFloat, checkTensor } from '../checks/operands.ts';
import { checkOptions } from '../checks/untyped-callers.ts';
import * as composites from '../composites.ts';
import { kernels as k, type Of, Tensor } from '../tensor.ts';
import type { Axes, Reduce } from '../types/static-shapes.ts';
import { swapaxes } from './arrangement.ts';
import {
  cumulativeKernels,
  elementProductKernels,
  orderingKernels,
  positionKernels,
  powerKernels,
} from './extensions.ts';
import { operation, type ReduceFunction } from './operation.ts';
import { runningProducts } from './recurrence.ts';

/**
 * Computes the standard deviation sqrt(sum (x - mean)^2 / (n - correction)). The correction defaults to 1 (Bessel's).
 * If all elements are equal, the derivatives are 0. Intermediate squares neither overflow nor underflow.
 *
 * @example
 * std(tensor([1, 2, 3, 4]), 0, { correction: 0 }).item(); // 1.118034
 */
export function std<S extends Shape, const A extends Axes = undefined, const Keep extends boolean = false>(
  x: Tensor<S>,
  axis?: A,
  options: VarianceOptions<Keep> = {},
  ...more: []
): Of<Reduce<S, A, Keep>> {
  checkOptions('std', options, ['keepDims', 'correction']);
  const { correction = 1 } = options;
  const t = checkFloat('std', x, more);
  if (!(correction >= 0)) throw new ArgumentError(`std: the correction is ${correction}, expected a number >= 0`);
  return along<Tensor>(k, 'std', t, axis, options, (axes) => composites.std<Tensor>(k, t, axes, correction)) as never;
}

/** Computes running products of int32 numbers along the last axis, with wraparound. */
function integerProducts(x: Tensor): Tensor {
  const products = x.data.slice();
  const length = x.shape.at(-1)!;
  for (let i = 0; i < products.length; i++) {
    if (i % length > 0) products[i] = Math.imul(products[i - 1]!, products[i]!);
  }
  return new Tensor(new NdArray(products, 'int32', x.shape));
}

/**
 * Computes running products along an axis. Float products are computed in float64 and rounded once. After an overflow,
 * later products can be finite again. Derivatives of every order are exact even if elements are zero.
 *
 * @example
 * cumprod(tensor([1, 2, 3, 4]), 0).toArray(); // [1, 2, 6, 24]
 */
export function cumprod<S extends Shape>(x: Tensor<S>, axis: number, ...more: []): Tensor<S> {
  const i = normalizeAxis('cumprod', axis, checkTensor('cumprod', x, more).rank);
  if (x.dtype === 'bool') throw new DTypeError('cumprod: expected numbers, got bool; cast it first');
  const length = x.shape[i]!;
  // The result must be a new tensor, even if `x` is a variable.
  if (length < 2) return x.cast(x.dtype);
  const lines = swapaxes(x as Tensor, i, -1);
  if (x.dtype === 'int32') return swapaxes(integerProducts(lines), i, -1) as Tensor<S>;
  return swapaxes(runningProducts(lines), i, -1) as Tensor as Tensor<S>;
}

/**
 * Computes the maximum or minimum of bools. If there are no elements, returns the identity element: false for the
 * maximum, true for the minimum.
 */
function ofTruths(
  call: 'any' | 'all',
  which: 'max' | 'min',
  x: Tensor,
  axis: Axes,
  options: ReduceOptions | undefined,
): Tensor {
  const truths = x.cast('bool') as Tensor;
  return reduce<Tensor>(k, call, truths, axis, options, (axes) => {
    if (countAlong(truths.shape, axes) > 0) return k[which](truths, axes);
    const shape = truths.shape.map((length, i) => (axes.includes(i) ? 1 : length));
    return k.full({ shape, value: which === 'min' ? 1 : 0, dtype: 'bool' });
  });
}

/**
 * Returns a bool that tells whether any element is true (nonzero). The result is false if there are no elements.
 *
 * @example
 * any(tensor([[0, 2], [0, 0]]), 1).toArray(); // [1, 0]
 */
export const any = <S extends Shape, const A extends Axes = undefined, const Keep extends boolean = false>(
  x: Tensor<S>,
  axis?: A,
  options?: ReduceOptions<Keep>,
  ...more: []
): Of<Reduce<S, A, Keep>> => ofTruths('any', 'max', checkTensor('any', x, more), axis, options) as never;

/**
 * Returns a bool that tells whether all elements are true (nonzero). The result is true if there are no elements.
 *
 * @example
 * all(tensor([[1, 2], [0, 3]]), 1).toArray(); // [1, 0]
 */
export const all = <S extends Shape, const A extends Axes = undefined, const Keep extends boolean = false>(
  x: Tensor<S>,
  axis?: A,
  options?: ReduceOptions<Keep>,
  ...more: []
): Of<Reduce<S, A, Keep>> => ofTruths('all', 'min', checkTensor('all', x, more), axis, options) as never;

type PositionFunction = <
  S extends Shape,
  const A extends number | undefined = undefined,
  const Keep extends boolean = false,
>(
  x: Tensor<S>,
  axis?: A,
  options?: ReduceOptions<Keep>,
) => Of<Reduce<S, A, Keep>>;

/* @__NO_SIDE_EFFECTS__ */
const extremumOf = (which: 'max' | 'min'): ReduceFunction =>
  operation(which, (x, axis: Axes, options: ReduceOptions | undefined) => {
    orderingKernels();
    return extremum<Tensor>(positionKernels(), which, x, axis, options);
  });

/* @__NO_SIDE_EFFECTS__ */
const positionOf = (which: 'argmax' | 'argmin'): PositionFunction =>
  operation(which, (x, axis: number | undefined, options: ReduceOptions | undefined) =>
    position<Tensor>(orderingKernels(), which, x, axis, options),
  );

export const max = /* @__PURE__ */ extremumOf('max');
export const min = /* @__PURE__ */ extremumOf('min');
export const argmax = /* @__PURE__ */ positionOf('argmax');
export const argmin = /* @__PURE__ */ positionOf('argmin');

export const variance: <S extends Shape, const A extends Axes = undefined, const Keep extends boolean = false>(
  x: Tensor<S>,
  axis?: A,
  options?: VarianceOptions<Keep>,
) => Of<Reduce<S, A, Keep>> = /* @__PURE__ */ operation(
  'variance',
  (x, axis: Axes, options: VarianceOptions | undefined) => {
    checkOptions('variance', options, ['keepDims', 'correction']);
    checkFloat('variance', x);
    const correction = options?.correction ?? 1;
    if (!(correction >= 0))
      throw new ArgumentError(`variance: the correction is ${correction}, expected a number >= 0`);
    return along<Tensor>(k, 'variance', x, axis, options, (axes) => composites.variance(k, x, axes, correction));
  },
);

export const prod: ReduceFunction = /* @__PURE__ */ operation(
  'prod',
  (x, axis: Axes, options: ReduceOptions | undefined) => {
    if (x.dtype === 'bool') throw new DTypeError('prod: expected numbers, got bool; cast it first');
    return reduce<Tensor>(k, 'prod', x, axis, options, (axes) => elementProductKernels().prod(x, axes));
  },
);

export const logSumExp: ReduceFunction = /* @__PURE__ */ operation(
  'logSumExp',
  (x, axis: Axes, options: ReduceOptions | undefined) => {
    checkFloat('logSumExp', x);
    return reduce<Tensor>(k, 'logSumExp', x, axis, options, (axes) => composites.logSumExp(k, x, axes));
  },
);

export const norm: <S extends Shape, const A extends Axes = undefined, const Keep extends boolean = false>(
  x: Tensor<S>,
  axis?: A,
  options?: NormOptions<Keep>,
) => Of<Reduce<S, A, Keep>> = /* @__PURE__ */ operation('norm', (x, axis: Axes, options: NormOptions | undefined) => {
  checkOptions('norm', options, ['keepDims', 'order']);
  checkFloat('norm', x);
  const order = options?.order ?? 2;
  if (!(order > 0)) throw new ArgumentError(`norm: the order is ${order}, expected a number above 0`);
  return along<Tensor>(k, 'norm', x, axis, options, (axes) => composites.norm(powerKernels(), x, axes, order));
});

export const cumsum: <S extends Shape>(x: Tensor<S>, axis: number) => Tensor<S> = /* @__PURE__ */ operation(
  'cumsum',
  (x, axis: number) => cumulativeKernels().cumsum(x, normalizeAxis('cumsum', axis, x.rank)),
);
