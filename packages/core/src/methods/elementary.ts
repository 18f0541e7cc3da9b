/** Methods for powers, sine, cosine, functions that are accurate near 0, and the error function. */

import type { Shape } from '@tapegrad/kernels';
import { cos, erf, expm1, log1p, pow, sin, softplus } from '../operators/elementary.ts';
import type { Combined, Operand, Scalar } from '../tensor/class.ts';

declare module '../tensor/class.ts' {
  interface Tensor<out S extends Shape> {
    /** Computes x^y. The derivative of x^0 is 0 everywhere. */
    pow<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'pow', S, B>)): Combined<'pow', S, B, Y>;

    /** Computes the sine of an angle in radians. */
    sin(): Tensor<S>;

    /** Computes the cosine of an angle in radians. */
    cos(): Tensor<S>;

    /** Computes e^x - 1, accurate near 0. */
    expm1(): Tensor<S>;

    /** Computes log(1 + x), accurate near 0. */
    log1p(): Tensor<S>;

    /** Computes log(1 + e^x). */
    softplus(): Tensor<S>;

    /** Computes the error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x. */
    erf(): Tensor<S>;
  }
}

export const elementaryMethods = { pow, sin, cos, expm1, log1p, softplus, erf };
