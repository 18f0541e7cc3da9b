/** Samplers, which choose the examples of an epoch and their order. */

import { ArgumentError, type Random } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';

/**
 * Chooses the examples of an epoch. A sampler keeps no state: its choice depends only on the generator, so that a
 * resumed epoch reads the same examples.
 */
export interface Sampler {
  /** Returns the number of indices in an epoch, for a dataset of `length` examples. */
  count(length: number): number;
  /**
   * Returns the indices of one epoch.
   *
   * @param random The loader's generator, if it has one.
   */
  indices(length: number, random: Random | undefined): Int32Array;
}

/** Reads every example once, in order. */
export const inOrder: Sampler = {
  count: (length) => length,
  indices: (length) => Int32Array.from({ length }, (_, i) => i),
};

/** Reads every example once, in random order. */
export const shuffled: Sampler = {
  count: (length) => length,
  indices: (length, random) => asInt32(given('shuffled', random).permutation(length).data),
};

const asInt32 = (data: ArrayLike<number>): Int32Array => (data instanceof Int32Array ? data : Int32Array.from(data));

function given(call: string, random: Random | undefined): Random {
  if (random !== undefined) return random;
  throw new ArgumentError(`${call}: expected a generator; give the DataLoader { random }`);
}

/** The options of `weighted`. */
export interface WeightedOptions {
  /** The number of examples in an epoch. Defaults to the number of weights. */
  readonly count?: number;
  /** Whether an example may be drawn several times in an epoch. Defaults to true. */
  readonly replacement?: boolean;
}

/**
 * Draws examples at random, each with a probability in proportion to its weight. If the weight of an example is the
 * inverse frequency of its class, all classes are drawn equally often.
 *
 * Without replacement, an example is drawn at most once in an epoch (Efraimidis and Spirakis, "Weighted random sampling
 * with a reservoir", 2006).
 *
 * @param weights One finite number >= 0 for each example.
 * @throws ArgumentError for negative or infinite weights or NaN, if all weights are 0, and without replacement if
 *   `count` exceeds the number of positive weights.
 * @example
 * const dataset = fromArray([0, 1, 2]);
 * const sampler = weighted([0, 1, 3], { count: 1000 });
 * const loader = new DataLoader(dataset, { batchSize: 1000, sampler, random: new Random(1) });
 * const [batch] = loader;
 * batch!.equal(2).cast('int32').sum().item() > 700; // true
 */
export function weighted(weights: ArrayLike<number>, options: WeightedOptions = {}): Sampler {
  checkOptions('weighted', options, ['count', 'replacement']);
  const own = Float64Array.from(weights);
  const wrong = own.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (wrong !== -1) throw new ArgumentError(`weighted: expected finite weights >= 0, got ${own[wrong]} at ${wrong}`);
  const { replacement = true, count = own.length } = options;
  const positive = own.reduce((sum, weight) => sum + Number(weight > 0), 0);
  const most = replacement ? Infinity : positive;
  if (positive === 0) throw new ArgumentError('weighted: expected a weight above 0, got none');
  if (!Number.isInteger(count) || count < 1 || count > most) {
    const range = replacement ? 'a count of 1 or more' : `a count from 1 to ${positive}, the weights above 0`;
    throw new ArgumentError(`weighted: expected ${range}, got ${describeValue(count)}`);
  }
  return {
    count(length) {
      if (length === own.length) return count;
      throw new ArgumentError(`weighted: expected a weight for each of ${length} examples, got ${own.length}`);
    },
    indices(_, random) {
      const draw = given('weighted', random);
      return replacement ? drawn(own, count, draw) : drawnOnce(own, count, draw);
    },
  };
}

function drawn(weights: Float64Array, count: number, random: Random): Int32Array {
  let total = 0;
  const sums = weights.map((weight) => (total += weight));
  // Because of rounding, a draw can equal the total; it then selects the last positive weight.
  const last = weights.findLastIndex((weight) => weight > 0);
  return Int32Array.from({ length: count }, () => Math.min(last, firstAbove(sums, random.next() * total)));
}

/** Returns the first index at which the cumulative sum exceeds a value. */
function firstAbove(sums: Float64Array, value: number): number {
  let [low, high] = [0, sums.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function drawnOnce(weights: Float64Array, count: number, random: Random): Int32Array {
  // Sorting by log(u) / weight gives the same order as by u^(1 / weight), and does not underflow.
  const keys = weights.map((weight) => (weight > 0 ? Math.log(1 - random.next()) / weight : -Infinity));
  const order = Int32Array.from(keys, (_, i) => i).sort((a, b) => keys[b]! - keys[a]! || a - b);
  return order.slice(0, count);
}

/** The options of `distributed`. */
export interface DistributedOptions {
  /** The index of this process, from 0 to `size` - 1. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /** The sampler whose indices are divided among the processes. Defaults to the one that the loader would use. */
  readonly sampler?: Sampler;
  /**
   * The handling of the remainder if the number of examples is not divisible by the number of processes. With 'keep',
   * each example is read once, and some processes read one example more than others. 'drop' leaves out the remainder,
   * and 'repeat' adds the first indices again. With both, all processes have the same number of examples. Defaults to
   * 'keep'. (PyTorch repeats, so some examples count twice.)
   */
  readonly remainder?: 'keep' | 'drop' | 'repeat';
}

/**
 * Reads the share of the examples that belongs to one of several processes. The loaders of all processes need the same
 * seed: they draw the same order and take its indices in turn.
 *
 * @throws ArgumentError unless the rank is below the size.
 * @example
 * const shares = [0, 1].map((rank) => distributed({ rank, size: 2 }).count(5));
 * shares; // [3, 2]
 */
export function distributed(options: DistributedOptions): Sampler {
  checkOptions('distributed', options, ['rank', 'size', 'sampler', 'remainder']);
  const { rank, size, sampler, remainder = 'keep' } = options;
  if (!Number.isInteger(size) || size < 1 || !Number.isInteger(rank) || rank < 0 || rank >= size) {
    const got = `rank ${describeValue(rank)} of ${describeValue(size)}`;
    throw new ArgumentError(`distributed: expected a rank from 0 to size - 1, got ${got}`);
  }
  if (!['keep', 'drop', 'repeat'].includes(remainder)) {
    throw new ArgumentError(`distributed: expected 'keep', 'drop' or 'repeat', got ${describeValue(remainder)}`);
  }
  const countOf = (length: number): number => (sampler ?? inOrder).count(length);
  const own = (total: number): number => {
    if (remainder === 'drop') return Math.floor(total / size);
    if (remainder === 'repeat') return Math.ceil(total / size);
    return Math.ceil((total - rank) / size);
  };
  return {
    count: (length) => own(countOf(length)),
    indices(length, random) {
      const inner = sampler ?? (random === undefined ? inOrder : shuffled);
      const all = inner.indices(length, random);
      return Int32Array.from({ length: own(all.length) }, (_, i) => all[(rank + i * size) % all.length]!);
    },
  };
}
