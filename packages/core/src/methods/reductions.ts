/** Extrema and their positions, variances, products, norms, running sums. */

import type { Shape } from '@tapegrad/kernels';
import type { NormOptions, ReduceOptions, VarianceOptions } from '../checks/arguments.ts';
import { argmax, argmin, cumsum, logSumExp, max, min, norm, prod, variance } from '../operators/reductions.ts';
import type { Of } from '../tensor/class.ts';
import type { Axes, Reduce } from '../types/static-shapes.ts';

declare module '../tensor/class.ts' {
  interface Tensor<out S extends Shape> {
    /**
     * Returns the largest element. Along one axis, the gradient goes to the first of tied elements, otherwise evenly to all
     * of them.
     */
    max<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /**
     * Returns the smallest element. Along one axis, the gradient goes to the first of tied elements, otherwise evenly to all
     * of them.
     */
    min<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /** Returns the int32 position of the first largest element, along an axis or among all in row-major order. */
    argmax<const A extends number | undefined = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /** Returns the int32 position of the first smallest element, along an axis or among all in row-major order. */
    argmin<const A extends number | undefined = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /**
     * Computes sum (x - mean)^2 / (n - correction), with full precision whatever the mean. The correction defaults to 1
     * (Bessel's).
     */
    variance<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: VarianceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /**
     * Computes the product in float64; it overflows only if the result itself is too large. Derivatives are exact even if
     * elements are zero. First derivatives have no intermediate overflow or underflow.
     */
    prod<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /**
     * Computes log sum e^x without overflow. At infinities its gradient is the limit: elements at -Infinity get 0, and those
     * tied at Infinity split it evenly.
     */
    logSumExp<const A extends Axes = undefined, const Keep extends boolean = false>(
      axis?: A,
      options?: ReduceOptions<Keep>,
    ): Of<Reduce<S, A, Keep>>;

    /**
     * Computes (sum |x|^p)^(1/p); p = Infinity gives the largest |x|. p defaults to 2. The derivative at 0 is 0. Intermediate
     * powers neither overflow nor underflow.
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
