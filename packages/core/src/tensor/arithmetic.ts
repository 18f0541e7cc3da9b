/** Arithmetic methods: elementwise functions of one or two tensors, `cast` and `matmul`. */

import type { DType, Shape } from '@tapegrad/kernels';
import { matmul } from '../checks/arguments.ts';
import { checkTensor } from '../checks/operands.ts';
import type { MatMul } from '../types/static-shapes.ts';
import type { Combined, Fitting, Of, Operand, Scalar, Tensor } from './class.ts';
import { kernels as k } from './kernels.ts';
import { binaryMethods, unaryMethods } from './methods.ts';

declare module './class.ts' {
  interface Tensor<out S extends Shape> {
    /** Computes x + y. */
    add<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'add', S, B>)): Combined<'add', S, B, Y>;

    /** Computes x - y. */
    sub<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'sub', S, B>)): Combined<'sub', S, B, Y>;

    /** Computes x y elementwise. */
    mul<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'mul', S, B>)): Combined<'mul', S, B, Y>;

    /** Computes x / y elementwise; floats only. */
    div<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'div', S, B>)): Combined<'div', S, B, Y>;

    /** Returns the larger of two elements. In a tie, each gets half of the gradient. On bool, this is logical or. */
    maximum<B extends Shape = Scalar, Y = unknown>(
      y: number | (Y & Operand<'maximum', S, B>),
    ): Combined<'maximum', S, B, Y>;

    /** Returns the smaller of two elements. In a tie, each gets half of the gradient. On bool, this is logical and. */
    minimum<B extends Shape = Scalar, Y = unknown>(
      y: number | (Y & Operand<'minimum', S, B>),
    ): Combined<'minimum', S, B, Y>;

    /** Computes -x, elementwise. */
    neg(): Tensor<S>;

    /** Computes |x|, with derivative 0 at 0. */
    abs(): Tensor<S>;

    /** Returns the sign, -1, 0 or 1; no gradient flows. */
    sign(): Tensor<S>;

    /** Computes e^x. */
    exp(): Tensor<S>;

    /** Computes the natural logarithm. */
    log(): Tensor<S>;

    /** Computes the square root. The derivative at 0 is infinite. */
    sqrt(): Tensor<S>;

    /** Computes the hyperbolic tangent; y' = 1 - y^2. */
    tanh(): Tensor<S>;

    /** Computes 1 / (1 + e^-x); y' = y (1 - y). */
    sigmoid(): Tensor<S>;

    /** Computes max(x, 0), with derivative 0 at 0. */
    relu(): Tensor<S>;

    /**
     * Converts the numbers to another dtype; this is the only way to change it. Conversion to int32 truncates toward
     * zero; conversion to bool computes `x != 0`.
     *
     * @throws DTypeError if int32 can't represent an entry, such as NaN, an infinity, or a number beyond 2^31. Wrapping
     * it around could produce a valid class label.
     */
    cast(dtype: DType): Tensor<S>;

    /**
     * Computes the matrix product over the last two axes; leading axes broadcast. A vector counts as a row on the left
     * or as a column on the right, and the axis added for this is dropped from the result.
     */
    matmul<B extends Shape>(y: Fitting<MatMul<S, B>, B>): Of<MatMul<S, B>>;
  }
}

const unary = ['neg', 'abs', 'sign', 'exp', 'log', 'sqrt', 'tanh', 'sigmoid', 'relu'] as const;

export const arithmetic: Pick<
  Tensor,
  (typeof unary)[number] | 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum' | 'cast' | 'matmul'
> &
  ThisType<Tensor> = {
  ...unaryMethods(unary),
  ...binaryMethods(['add', 'sub', 'mul', 'div', 'maximum', 'minimum']),

  cast(dtype) {
    return (dtype === this.dtype ? this : k.cast(this, dtype)) as never;
  },

  matmul(y) {
    return matmul<Tensor>(k, this, checkTensor('matmul', y)) as never;
  },
};
