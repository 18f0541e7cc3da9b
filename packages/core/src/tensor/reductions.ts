/** Methods for sums, means and softmax. */

import type { Shape } from '@tapegrad/kernels';
import { type ReduceOptions, reduce, someAxes } from '../checks/arguments.ts';
import { checkFloat } from '../checks/operands.ts';
import { logSoftmax, softmax } from '../composites.ts';
import type { Axes, Reduce } from '../types/static-shapes.ts';
import type { Of, Tensor } from './class.ts';
import { kernels as k } from './kernels.ts';

declare module './class.ts' {
  interface Tensor<out S extends Shape> {
    /** Computes the sum of the elements. Sums of float32 are more accurate than pairwise summation. */
    sum<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /** Computes the arithmetic mean. */
    mean<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /** Computes e^x / sum e^x along one or more axes; all results are NaN if the largest x is infinite. */
    softmax(axis: number | readonly number[]): Tensor<S>;

    /** Computes x - log sum e^x along one or more axes; all results are NaN if the largest x is infinite. */
    logSoftmax(axis: number | readonly number[]): Tensor<S>;
  }
}

export const reductions: Pick<Tensor, 'sum' | 'mean' | 'softmax' | 'logSoftmax'> & ThisType<Tensor> = {
  sum(axis, options) {
    return reduce<Tensor>(k, 'sum', this, axis, options, (axes) => k.sum(this, axes)) as never;
  },

  mean(axis, options) {
    checkFloat('mean', this);
    return reduce<Tensor>(k, 'mean', this, axis, options, (axes) => k.mean(this, axes)) as never;
  },

  softmax(axis) {
    checkFloat('softmax', this);
    return softmax(k, this, someAxes('softmax', axis, this.rank)) as never;
  },

  logSoftmax(axis) {
    checkFloat('logSoftmax', this);
    return logSoftmax(k, this, someAxes('logSoftmax', axis, this.rank)) as never;
  },
};
