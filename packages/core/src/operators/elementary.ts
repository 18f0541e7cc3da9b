/**
 * Elementwise functions that few programs use. Functions without a docstring here also exist as methods, and are
 * documented there, in `methods/`.
 */

import { ArgumentError, type Shape } from '@tapegrad/kernels';
import { checkFloat, checkTensor, operand } from '../checks/operands.ts';
import { type Combined, kernels as k, type Operand, type Scalar, type Tensor } from '../tensor.ts';
import { nearZeroKernels, powerKernels, roundingKernels, specialKernels, trigonometricKernels } from './extensions.ts';
import { binary, type UnaryFunction, unary } from './operation.ts';

/* @__NO_SIDE_EFFECTS__ */
const trigonometric = (name: 'tan' | 'asin' | 'acos' | 'atan' | 'sinh' | 'cosh'): UnaryFunction =>
  unary(name, (x) => trigonometricKernels()[name](x));

/* @__NO_SIDE_EFFECTS__ */
const rounding = (name: 'floor' | 'ceil' | 'round'): UnaryFunction => unary(name, (x) => roundingKernels()[name](x));

export const pow = /* @__PURE__ */ binary('pow', (x, y) => powerKernels().pow(x, y));
export const sin = /* @__PURE__ */ unary('sin', (x) => trigonometricKernels().sin(x));
export const cos = /* @__PURE__ */ unary('cos', (x) => trigonometricKernels().cos(x));
export const expm1 = /* @__PURE__ */ unary('expm1', (x) => nearZeroKernels().expm1(x));
export const log1p = /* @__PURE__ */ unary('log1p', (x) => nearZeroKernels().log1p(x));
export const softplus = /* @__PURE__ */ unary('softplus', (x) => nearZeroKernels().softplus(x));
export const erf = /* @__PURE__ */ unary('erf', (x) => specialKernels().erf(x));

/** Computes the tangent of an angle in radians; y' = 1 + y^2. */
export const tan = /* @__PURE__ */ trigonometric('tan');

/** Computes the arcsine, in [-pi/2, pi/2], or NaN outside [-1, 1]; y' = 1 / sqrt(1 - x^2), infinite at -1 and 1. */
export const asin = /* @__PURE__ */ trigonometric('asin');

/** Computes the arccosine, in [0, pi], or NaN outside [-1, 1]; y' = -1 / sqrt(1 - x^2), infinite at -1 and 1. */
export const acos = /* @__PURE__ */ trigonometric('acos');

/** Computes the arctangent, in [-pi/2, pi/2]; y' = 1 / (1 + x^2). */
export const atan = /* @__PURE__ */ trigonometric('atan');

/** Computes the hyperbolic sine, (e^x - e^-x) / 2. */
export const sinh = /* @__PURE__ */ trigonometric('sinh');

/** Computes the hyperbolic cosine, (e^x + e^-x) / 2. */
export const cosh = /* @__PURE__ */ trigonometric('cosh');

/**
 * Computes the complementary error function, 1 - erf(x), with full precision even where it is small. It is 2/sqrt(pi) times
 * the integral of exp(-t^2) from x to infinity. Half its value at -x / sqrt(2) is the probability that a standard normal
 * variable is below x.
 *
 * @example
 * erfc(tensor([0, 1, 5])).toArray(); // [1, 0.1572992, 1.5374597e-12]
 */
export const erfc = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  specialKernels().erfc(checkTensor('erfc', x, more)) as Tensor<S>;

/** Rounds down to an integer; no gradient flows. */
export const floor = /* @__PURE__ */ rounding('floor');

/** Rounds up to an integer; no gradient flows. */
export const ceil = /* @__PURE__ */ rounding('ceil');

/**
 * Rounds to the nearest integer, with ties to even; no gradient flows.
 *
 * @example
 * round(tensor([0.5, 1.5, -2.6])).toArray(); // [0, 2, -3]
 */
export const round = /* @__PURE__ */ rounding('round');

/** Computes 1 / x. */
export const reciprocal = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  k.div(operand('reciprocal', checkFloat('reciprocal', x, more), 1), x) as Tensor<S>;

/** Computes 1 / sqrt(x). */
export const rsqrt = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  reciprocal(k.sqrt(checkFloat('rsqrt', x, more))) as Tensor<S>;

/** Computes x^2 as x times x. This takes one multiplication and is correctly rounded, which `pow` need not be. */
export const square = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  k.mul(checkTensor('square', x, more), x) as Tensor<S>;

/**
 * Computes the angle of the point (y, x) from the positive x axis, in [-pi, pi]; y is the first argument. The derivatives
 * are x / (x^2 + y^2) and -y / (x^2 + y^2). They are 0 at the origin, and if x or y is infinite.
 *
 * @example
 * atan2(tensor([1, 0]), tensor([1, -1])).toArray(); // [0.7853982, 3.1415927]
 */
export const atan2 = <A extends Shape, B extends Shape = Scalar, Y = unknown>(
  y: Tensor<A>,
  x: number | (Y & Operand<'atan2', A, B>),
  ...more: []
): Combined<'atan2', A, B, Y> =>
  trigonometricKernels().atan2(checkTensor('atan2', y, more), operand('atan2', y, x)) as never;

/**
 * Computes the remainder x - floor(x / y) y exactly, with the sign of y. If y is 0, the remainder is NaN for floats and
 * 0 for int32. The derivatives are 1 and -floor(x / y); the second is NaN if y is 0.
 *
 * @example
 * remainder(tensor([5, -5]), 3).toArray(); // [2, 1]
 */
export const remainder = <A extends Shape, B extends Shape = Scalar, Y = unknown>(
  x: Tensor<A>,
  y: number | (Y & Operand<'remainder', A, B>),
  ...more: []
): Combined<'remainder', A, B, Y> =>
  roundingKernels().remainder(checkTensor('remainder', x, more), operand('remainder', x, y)) as never;

/**
 * Clamps x to [`low`, `high`]; `undefined` means no bound. The derivative is 1 between and at the bounds, and 0
 * outside. For tensors as bounds, use `maximum` and `minimum`.
 *
 * @throws ArgumentError if a bound is NaN, or the lower bound is above the upper.
 * @example
 * clamp(tensor([-2, 0.5, 3]), 0, 1).toArray(); // [0, 0.5, 1]
 * clamp(tensor([-2, 0.5, 3]), undefined, 1).toArray(); // [-2, 0.5, 1]
 */
export function clamp<S extends Shape>(x: Tensor<S>, low?: number, high?: number, ...more: []): Tensor<S> {
  if (!((low ?? -Infinity) <= (high ?? Infinity))) {
    throw new ArgumentError(`clamp: expected a lower bound at most as large as the upper, got ${low} and ${high}`);
  }
  let clamped: Tensor = checkTensor('clamp', x, more);
  if (low !== undefined) clamped = clamped.less(low).where(low, clamped);
  if (high !== undefined) clamped = clamped.greater(high).where(high, clamped);
  return clamped as Tensor<S>;
}
