/** Random draws that few programs use. With the main entry point loaded, they are also methods of `Random`. */

import { ArgumentError, checkShape, hasNumber, NdArray, type Shape, sizeOf } from '@tapegrad/kernels';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { checkOptions } from '../checks/untyped-callers.ts';
import { type Random, type RandomBits, type RandomOptions, randomAccess } from '../random.ts';
import { Tensor } from '../tensor.ts';

/** The options of `normal`. */
export interface NormalOptions extends RandomOptions {
  /** The mean. Defaults to 0. */
  readonly mean?: number;
  /** The standard deviation. Defaults to 1. */
  readonly std?: number;
}

/**
 * Draws normally distributed numbers.
 *
 * @example
 * normal(new Random(1), [2, 3], { mean: 5 }).shape; // [2, 3]
 */
export function normal<const S extends Shape>(random: Random, shape: S, options?: NormalOptions): Tensor<S> {
  checkShape('normal', shape);
  checkOptions('normal', options, ['mean', 'std', 'dtype']);
  const { mean = 0, std = 1, dtype } = options ?? {};
  if (!(std >= 0 && std < Infinity && Number.isFinite(mean))) {
    throw new ArgumentError(`normal: expected a finite mean and standard deviation >= 0, got ${mean} and ${std}`);
  }
  return randomAccess.fill(random, 'normal', shape, dtype, (data, bits) => {
    // Box-Muller: two independent normal numbers from two uniform ones. A number past the end is not written.
    for (let i = 0; i < data.length; i += 2) {
      const radius = std * Math.sqrt(-2 * Math.log(1 - uniformFloat64(bits)));
      const angle = 2 * Math.PI * uniformFloat64(bits);
      data[i] = mean + radius * Math.cos(angle);
      data[i + 1] = mean + radius * Math.sin(angle);
    }
  });
}

/** Returns the largest multiple of n that is at most 2^32. */
const fairBelow = (n: number): number => 2 ** 32 - (2 ** 32 % n);

/**
 * Draws an integer from 0 up to but not including n: 32 random bits modulo n. Values at which the modulo would be
 * biased are redrawn.
 */
function below(generator: RandomBits, n: number, fair = fairBelow(n)): number {
  for (;;) {
    const bits = generator.next() + 2 ** 31;
    // Computes the remainder, faster than the `%` operator does. Quotients of 32-bit integers are never rounded up to
    // an integer.
    if (bits < fair) return bits - Math.floor(bits / n) * n;
  }
}

/**
 * Draws 1 with probability p, and 0 otherwise.
 *
 * @example
 * bernoulli(new Random(1), [2, 3], 0.5).shape; // [2, 3]
 */
export function bernoulli<const S extends Shape>(
  random: Random,
  shape: S,
  p: number,
  options?: RandomOptions,
): Tensor<S> {
  checkShape('bernoulli', shape);
  checkOptions('bernoulli', options, ['dtype']);
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`bernoulli: expected a probability from 0 to 1, got ${p}`);
  // 32 bits resolve the probability to 2e-10.
  const threshold = p * 2 ** 32 - 2 ** 31;
  return randomAccess.fill(random, 'bernoulli', shape, options?.dtype, (data, bits) => {
    for (let i = 0; i < data.length; i++) data[i] = bits.next() < threshold ? 1 : 0;
  });
}

/**
 * Draws uniformly distributed int32 numbers from `low` up to but not including `high`.
 *
 * @example
 * integers(new Random(1), [2, 3], 0, 10).shape; // [2, 3]
 */
export function integers<const S extends Shape>(random: Random, shape: S, low: number, high: number): Tensor<S> {
  if (!hasNumber('int32', low) || !hasNumber('int32', high - 1) || low >= high) {
    throw new ArgumentError(`integers: expected integers of 32 bits low < high, got ${low} and ${high}`);
  }
  return randomAccess.draw(random, 'integers', shape, (whole) => {
    const generator = randomAccess.bits(random);
    const data = new Int32Array(sizeOf(whole));
    const n = high - low;
    const fair = fairBelow(n);
    for (let i = 0; i < data.length; i++) data[i] = low + below(generator, n, fair);
    return new Tensor(new NdArray(data, 'int32', whole));
  });
}

/**
 * Draws a random permutation of the int32 numbers 0 to n - 1 (Fisher and Yates).
 *
 * @example
 * permutation(new Random(1), 4).sum().item(); // 6
 */
export function permutation(random: Random, n: number): Tensor<readonly [number]> {
  return randomAccess.draw(random, 'permutation', [n], (whole) => {
    const generator = randomAccess.bits(random);
    // Plain loops, since every epoch over a data set begins here. Callbacks and lists for each number took half of the
    // loading time.
    const orders = new Int32Array(sizeOf(whole));
    for (let start = 0; start < orders.length; start += n) {
      for (let i = 0; i < n; i++) orders[start + i] = i;
      for (let i = n - 1; i > 0; i--) {
        const other = start + below(generator, i + 1);
        const last = orders[start + i]!;
        orders[start + i] = orders[other]!;
        orders[other] = last;
      }
    }
    return new Tensor(new NdArray(orders, 'int32', whole));
  });
}
