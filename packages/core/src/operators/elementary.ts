/** Elementary functions of each element, beside those that are methods of `Tensor`. */

import { ArgumentError, type Shape } from '@tapegrad/kernels';
import {
  type Combined,
  checkFloat,
  checkTensor,
  kernels as k,
  type Operand,
  operand,
  type Scalar,
  type Tensor,
} from '../tensor.ts';
import { specialKernels } from './special.ts';

type Elementary = 'tan' | 'asin' | 'acos' | 'atan' | 'sinh' | 'cosh' | 'floor' | 'ceil' | 'round';

/** A primitive as a function. */
/* @__NO_SIDE_EFFECTS__ */
const primitive =
  (name: Elementary) =>
  <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
    k[name](checkTensor(name, x, more)) as Tensor<S>;

/** The tangent of an angle in radians; y' = 1 + y^2. */
export const tan = primitive('tan');

/** The angle from -pi/2 to pi/2 whose sine is x, NaN beyond [-1, 1]; y' = 1 / sqrt(1 - x^2), infinite at the ends. */
export const asin = primitive('asin');

/** The angle from 0 to pi whose cosine is x, NaN beyond [-1, 1]; y' = -1 / sqrt(1 - x^2), infinite at the ends. */
export const acos = primitive('acos');

/** The angle from -pi/2 to pi/2 whose tangent is x; y' = 1 / (1 + x^2). */
export const atan = primitive('atan');

/** The hyperbolic sine, (e^x - e^-x) / 2. */
export const sinh = primitive('sinh');

/** The hyperbolic cosine, (e^x + e^-x) / 2. */
export const cosh = primitive('cosh');

/**
 * The complementary error function, 1 - erf(x), with all its digits where that is small: 2/sqrt(pi) times the integral of
 * exp(-t^2) from x on. Half of it at -x / sqrt(2) is the probability that a standard normal variable lies below x.
 *
 * @example
 * erfc(tensor([0, 1, 5])).toArray(); // [1, 0.1572992, 1.5374597e-12]
 */
export const erfc = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  specialKernels().erfc(checkTensor('erfc', x, more)) as Tensor<S>;

/** The largest whole number that is not above x; no gradient flows. */
export const floor = primitive('floor');

/** The smallest whole number that is not below x; no gradient flows. */
export const ceil = primitive('ceil');

/**
 * The nearest whole number, of two the even one; no gradient flows.
 *
 * @example
 * round(tensor([0.5, 1.5, -2.6])).toArray(); // [0, 2, -3]
 */
export const round = primitive('round');

/** 1 / x */
export const reciprocal = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  k.div(operand('reciprocal', checkFloat('reciprocal', x, more), 1), x) as Tensor<S>;

/** 1 / sqrt(x) */
export const rsqrt = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  reciprocal(k.sqrt(checkFloat('rsqrt', x, more))) as Tensor<S>;

/** x^2, as x x: one multiplication, and exact where a power need not be. */
export const square = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  k.mul(checkTensor('square', x, more), x) as Tensor<S>;

/**
 * The angle of the point (y, x) from the positive x axis, from -pi to pi: y comes first. The derivatives are
 * x / (x^2 + y^2) and -y / (x^2 + y^2), 0 at the origin and beside an infinity.
 *
 * @example
 * atan2(tensor([1, 0]), tensor([1, -1])).toArray(); // [0.7853982, 3.1415927]
 */
export const atan2 = <A extends Shape, B extends Shape = Scalar, Y = unknown>(
  y: Tensor<A>,
  x: number | (Y & Operand<'atan2', A, B>),
  ...more: []
): Combined<'atan2', A, B, Y> => k.atan2(checkTensor('atan2', y, more), operand('atan2', y, x)) as never;

/**
 * What whole multiples of y leave of x, with y's sign: x - floor(x / y) y, exactly. By 0 it is NaN; of int32 it is 0.
 * The derivatives are 1 and -floor(x / y); the second is NaN by 0.
 *
 * @example
 * remainder(tensor([5, -5]), 3).toArray(); // [2, 1]
 */
export const remainder = <A extends Shape, B extends Shape = Scalar, Y = unknown>(
  x: Tensor<A>,
  y: number | (Y & Operand<'remainder', A, B>),
  ...more: []
): Combined<'remainder', A, B, Y> =>
  k.remainder(checkTensor('remainder', x, more), operand('remainder', x, y)) as never;

/**
 * x kept from `low` to `high`; either may be `undefined` for no bound. The derivative is 1 inside and at the bounds, 0
 * beyond. For bounds that are tensors take `maximum` and `minimum`.
 *
 * @throws ArgumentError where a bound is NaN, or the bounds are in the wrong order.
 * @example
 * clamp(tensor([-2, 0.5, 3]), 0, 1).toArray(); // [0, 0.5, 1]
 * clamp(tensor([-2, 0.5, 3]), undefined, 1).toArray(); // [-2, 0.5, 1]
 */
export function clamp<S extends Shape>(x: Tensor<S>, low?: number, high?: number, ...more: []): Tensor<S> {
  if (!((low ?? -Infinity) <= (high ?? Infinity))) {
    throw new ArgumentError(`clamp: expected a lower bound that is not above the upper, got ${low} and ${high}`);
  }
  let clamped: Tensor = checkTensor('clamp', x, more);
  if (low !== undefined) clamped = clamped.less(low).where(low, clamped);
  if (high !== undefined) clamped = clamped.greater(high).where(high, clamped);
  return clamped as Tensor<S>;
}
