/** Comparison methods, whose results are bool and have no gradient, and `where`. */

import type { Shape } from '@tapegrad/kernels';
import { operand, scalar } from '../checks/operands.ts';
import { type Alternative, type Chosen, type Combined, type Operand, type Scalar, Tensor } from './class.ts';
import { kernels as k } from './kernels.ts';
import { binaryMethods } from './methods.ts';

declare module './class.ts' {
  interface Tensor<out S extends Shape> {
    /** Returns whether x = y, elementwise. */
    equal<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'equal', S, B>)): Combined<'equal', S, B, Y>;

    /** Returns whether x and y differ, elementwise; true if either is NaN. */
    notEqual<B extends Shape = Scalar, Y = unknown>(
      y: number | (Y & Operand<'notEqual', S, B>),
    ): Combined<'notEqual', S, B, Y>;

    /** Returns whether x < y, elementwise. */
    less<B extends Shape = Scalar, Y = unknown>(y: number | (Y & Operand<'less', S, B>)): Combined<'less', S, B, Y>;

    /** Returns whether x <= y, elementwise. */
    lessEqual<B extends Shape = Scalar, Y = unknown>(
      y: number | (Y & Operand<'lessEqual', S, B>),
    ): Combined<'lessEqual', S, B, Y>;

    /** Returns whether x > y, elementwise. */
    greater<B extends Shape = Scalar, Y = unknown>(
      y: number | (Y & Operand<'greater', S, B>),
    ): Combined<'greater', S, B, Y>;

    /** Returns whether x >= y, elementwise. */
    greaterEqual<B extends Shape = Scalar, Y = unknown>(
      y: number | (Y & Operand<'greaterEqual', S, B>),
    ): Combined<'greaterEqual', S, B, Y>;

    /**
     * Selects x where this bool condition is true, and y elsewhere. A number gets the dtype of the other value; if both
     * are numbers, the result is float32.
     */
    where<A extends Shape = Scalar, B extends Shape = Scalar, Y = unknown>(
      x: number | Operand<'where', S, A>,
      y: number | (Y & Alternative<S, A, B>),
    ): Chosen<S, A, B, Y>;
  }
}

/** The dtype of the result if both values are numbers. */
const byDefault = { dtype: 'float32' } as const;

export const comparisons: Pick<
  Tensor,
  'equal' | 'notEqual' | 'less' | 'lessEqual' | 'greater' | 'greaterEqual' | 'where'
> &
  ThisType<Tensor> = {
  ...binaryMethods(['equal', 'less', 'lessEqual']),

  notEqual(y) {
    const same = k.equal(this, operand('notEqual', this, y));
    return k.equal(same, scalar('notEqual', 0, 'bool')) as never;
  },

  greater(y) {
    return k.less(operand('greater', this, y), this) as never;
  },

  greaterEqual(y) {
    return k.lessEqual(operand('greaterEqual', this, y), this) as never;
  },

  where(x, y) {
    const like = x instanceof Tensor ? x : y instanceof Tensor ? y : byDefault;
    return k.where(this, operand('where', like, x), operand('where', like, y)) as never;
  },
};
