/** Methods for extrema and their positions, variances, products, norms and running sums. */

import type { Shape } from '@tapegrad/kernels';
import type { NormOptions, ReduceOptions, VarianceOptions } from '../checks/arguments.ts';
import { argmax, argmin, cumsum, logSumExp, max, min, norm, prod, variance } from '../operators/reductions.ts';
import type { Of } from '../tensor/class.ts';
import type { Axes, Reduce } from '../types/static-shapes.ts';

declare module '../tensor/class.ts' {
  interface Tensor<out S extends Shape> {
    /**
     * Returns the largest element. If elements are tied, a reduction along one axis sends the gradient to the first of
     * them. Any other reduction splits it evenly among them.
     */
    max<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /**
     * Returns the smallest element. If elements are tied, a reduction along one axis sends the gradient to the first of
     * them. Any other reduction splits it evenly among them.
     */
    min<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /**
     * Returns the int32 position of the largest element, or of the first if several are tied. Searches along an axis,
     * or else all elements in row-major order.
     */
    argmax<const A extends number | undefined = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /**
     * Returns the int32 position of the smallest element, or of the first if several are tied. Searches along an axis,
     * or else all elements in row-major order.
     */
    argmin<const A extends number | undefined = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /**
     * Computes sum (x - mean)^2 / (n - correction), with full precision even if the mean is large. The correction
     * defaults to 1 (Bessel's).
     */
    variance<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: VarianceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /**
     * Computes the product in float64. It overflows only if the result itself is too large. Derivatives of every order
     * are exact even if elements are zero. First derivatives neither overflow nor underflow in intermediate steps.
     */
    prod<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /**
     * Computes log sum e^x without overflow. At infinities the gradient takes its limit: elements at -Infinity get 0,
     * and elements tied at Infinity split the gradient evenly.
     */
    logSumExp<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /**
     * Computes (sum |x|^p)^(1/p); The order p defaults to 2; p = Infinity gives the largest |x|. The derivative at 0 is
     * 0. Intermediate powers neither overflow nor underflow.
     */
    norm<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: NormOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /** Computes the running sum along an axis. */
    cumsum(axis: number): Tensor<S>;
  }
}

export const reductionMethods = { max, min, argmax, argmin, variance, prod, logSumExp, norm, cumsum };
