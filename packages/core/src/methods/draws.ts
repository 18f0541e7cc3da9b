/** Methods that draw normally distributed numbers, coin flips, integers and permutations. */

import type { Shape } from '@tapegrad/kernels';
import { bernoulli, integers, type NormalOptions, normal, permutation } from '../operators/draws.ts';
import type { RandomOptions } from '../random.ts';
import type { Tensor } from '../tensor/class.ts';

declare module '../random.ts' {
  interface Random {
    /** Draws normally distributed numbers. */
    normal<const S extends Shape>(shape: S, options?: NormalOptions): Tensor<S>;

    /** Draws 1 with probability p, and 0 otherwise. */
    bernoulli<const S extends Shape>(shape: S, p: number, options?: RandomOptions): Tensor<S>;

    /** Draws uniformly distributed int32 numbers from `low` up to but not including `high`. */
    integers<const S extends Shape>(shape: S, low: number, high: number): Tensor<S>;

    /** Draws a random permutation of the int32 numbers 0 to n - 1 (Fisher and Yates). */
    permutation(n: number): Tensor<readonly [number]>;
  }
}

export const draws = { normal, bernoulli, integers, permutation };
