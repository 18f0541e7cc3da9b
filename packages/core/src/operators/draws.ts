/** Random draws that few programs use. In the main entry point they are also methods of `Random`. */

import { ArgumentError, checkShape, hasNumber, NdArray, newData, type Shape, sizeOf } from '@tapegrad/kernels';
import { checkOptions } from '../checks/untyped-callers.ts';
import { checkFloatDType, type Generator32, type Random, type RandomOptions, randomAccess } from '../random.ts';
import { Tensor } from '../tensor.ts';

/** Draws an integer from 0 up to but not including n: 32 bits modulo n, redrawn if that would bias the result. */
function below(generator: Generator32, n: number): number {
  const fair = 2 ** 32 - (2 ** 32 % n);
  for (;;) {
    const bits = generator.next() + 2 ** 31;
    if (bits < fair) return bits % n;
  }
}

/**
 * Draws 1 with probability p, else 0.
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
  const { dtype = 'float32' } = options ?? {};
  checkFloatDType('bernoulli', dtype);
  // 32 bits resolve the probability to 2e-10.
  const threshold = p * 2 ** 32 - 2 ** 31;
  return randomAccess.draw(random, 'bernoulli', shape, (whole) => {
    const bits = randomAccess.bits(random);
    const data = newData(dtype, sizeOf(whole));
    for (let i = 0; i < data.length; i++) data[i] = bits.next() < threshold ? 1 : 0;
    return new Tensor(new NdArray(data, dtype, whole));
  });
}

/**
 * Draws uniformly distributed int32 numbers from `low` up to but not including `high`.
 *
 * @example
 * integers(new Random(1), [100], 0, 3).greater(2).any().item(); // 0
 */
export function integers<const S extends Shape>(random: Random, shape: S, low: number, high: number): Tensor<S> {
  if (!hasNumber('int32', low) || !hasNumber('int32', high - 1) || low >= high) {
    throw new ArgumentError(`integers: expected integers of 32 bits low < high, got ${low} and ${high}`);
  }
  return randomAccess.draw(random, 'integers', shape, (whole) => {
    const generator = randomAccess.bits(random);
    const data = Int32Array.from({ length: sizeOf(whole) }, () => low + below(generator, high - low));
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
    // Plain loops: an epoch of a data set begins here, and callbacks and lists for each number took half of its loading.
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
