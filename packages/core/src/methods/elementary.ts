/** Powers, sine, cosine and the error function. */

import type { Shape } from '@tapegrad/kernels';
import { cos, erf, pow, sin } from '../operators/elementary.ts';
import type { Combined, Operand, Scalar } from '../tensor/class.ts';

declare module '../tensor/class.ts' {
  interface Tensor<out S extends Shape> {
    /** Computes x^y. The derivative of x^0 is 0 everywhere. */
    pow<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'pow', S, B>)): Combined<'pow', S, B, Y>;

    /** Computes the sine of an angle in radians. */
    sin(): Tensor<S>;

    /** Computes the cosine of an angle in radians. */
    cos(): Tensor<S>;

    /** Computes the error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x. */
    erf(): Tensor<S>;
  }
}

export const elementaryMethods = { pow, sin, cos, erf };
