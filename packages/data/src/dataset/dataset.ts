import { ArgumentError, type Random } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import type { Collated } from './collated.ts';
import { type Fold, type FoldOptions, foldsOf, type SplitOptions, splitsOf } from './splits.ts';

/** The interface that a `DataLoader` reads from: examples by index. */
export interface Source<Example> {
  /** The number of examples. */
  readonly length: number;
  /**
   * Returns an example, or a promise for it.
   *
   * @param index From 0 to `length` - 1.
   * @param random The generator for random changes of the example. Passed if the loader has one.
   */
  at(index: number, random?: Random): Example;
}

/** The options of a `Dataset`. */
export interface DatasetOptions<Example> {
  /**
   * Reads a whole batch, instead of reading and collating its examples one by one. The result must be the same batch.
   */
  readonly gather?: (indices: Int32Array) => Collated<Example>;
  /** Whether examples are changed at random, so that reading one needs a generator. Defaults to false. */
  readonly isRandom?: boolean;
}

/** The result of applying a function to an example: a promise if the example is a promise. */
export type Mapped<Example, R> = Example extends PromiseLike<unknown> ? Promise<Awaited<R>> : R;

const isPromise = (x: unknown): x is PromiseLike<unknown> =>
  typeof x === 'object' && x !== null && 'then' in x && typeof x.then === 'function';

/** Calls a function with an example. If the example is a promise, calls it once the promise resolves. */
const then = <Example, R>(example: Example, f: (example: Awaited<Example>) => R): Mapped<Example, R> =>
  (isPromise(example)
    ? example.then((value) => f(value as Awaited<Example>))
    : f(example as Awaited<Example>)) as Mapped<Example, R>;

/**
 * A list of examples, each of which is read when it is needed. A dataset may hold them in memory, compute them, or read
 * them from files.
 *
 * Datasets are immutable. `map`, `augment`, `subset`, `filter`, `split`, `kFold` and `concat` return new datasets that
 * read from this one.
 *
 * @example
 * const squares = new Dataset(1000, (i) => ({ x: i, y: i * i }));
 * squares.at(3); // {"x": 3, "y": 9}
 * squares.filter(({ y }) => y % 2 === 0).length; // 500
 */
export class Dataset<Example> implements Source<Example>, Iterable<Example> {
  /** The number of examples. */
  readonly length: number;
  /** Whether examples are changed at random, so that reading one needs a generator. */
  readonly isRandom: boolean;
  readonly #read: (index: number, random?: Random) => Example;
  readonly #gather: ((indices: Int32Array) => Collated<Example>) | undefined;

  /**
   *
   * @param length The number of examples.
   * @param read Returns the example at an index, or a promise for it.
   */
  constructor(
    length: number,
    read: (index: number, random?: Random) => Example,
    { gather, isRandom = false }: DatasetOptions<Example> = {},
  ) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new ArgumentError(`Dataset: expected a length of 0 or more, got ${describeValue(length)}`);
    }
    if (typeof read !== 'function') {
      throw new ArgumentError(`Dataset: expected a function from index to example, got ${describeValue(read)}`);
    }
    this.length = length;
    this.isRandom = isRandom;
    this.#read = read;
    this.#gather = gather;
  }

  /**
   * Returns an example.
   *
   * @throws ArgumentError unless the index is an integer from 0 to `length` - 1, or if a dataset with `augment` gets no
   *   generator.
   */
  at(index: number, random?: Random): Example {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      const range = this.length === 0 ? 'the dataset is empty' : `expected an index from 0 to ${this.length - 1}`;
      throw new ArgumentError(`at: ${range}, got ${describeValue(index)}`);
    }
    return this.#read(index, random);
  }

  /**
   * Returns the batch of some examples, or `undefined` if batches have to be collated from single examples. A
   * `DataLoader` calls it.
   */
  gather(indices: Int32Array): Collated<Example> | undefined {
    return this.#gather?.(indices);
  }

  /** Whether `gather` returns batches. */
  get canGather(): boolean {
    return this.#gather !== undefined;
  }

  *[Symbol.iterator](): Generator<Example, void, undefined> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  /** Returns all examples as a list. */
  toArray(): Example[] {
    return [...this];
  }

  /**
   * Applies a function to each example when it is read. The function must give the same result each time; use `augment`
   * for random changes.
   *
   * @param f Called with the example (awaited if it is a promise) and its index in this dataset.
   * @example
   * new Dataset(3, (i) => i).map((i) => 10 * i).toArray(); // [0, 10, 20]
   */
  map<R>(f: (example: Awaited<Example>, index: number) => R): Dataset<Mapped<Example, R>> {
    checkCallback('map', f);
    return new Dataset(this.length, (i, random) => then(this.#read(i, random), (example) => f(example, i)), {
      isRandom: this.isRandom,
    });
  }

  /**
   * Changes each example at random when it is read. A `DataLoader` that has a `random` passes a generator for each
   * example, seeded by the epoch and the index. Each epoch therefore has different changes, but a repeated or resumed
   * run has the same changes, with or without workers.
   *
   * @param f Called with the example (awaited if it is a promise) and the generator.
   * @example
   * const noisy = new Dataset(3, (i) => i).augment((i, random) => i + 0.1 * random.next());
   * Math.floor(noisy.at(2, new Random(1))); // 2
   */
  augment<R>(f: (example: Awaited<Example>, random: Random) => R): Dataset<Mapped<Example, R>> {
    checkCallback('augment', f);
    return new Dataset(
      this.length,
      (i, random) => {
        if (random === undefined) {
          throw new ArgumentError(
            'augment: expected a generator; call at(index, random), or give the DataLoader { random }',
          );
        }
        return then(this.#read(i, random), (example) => f(example, random));
      },
      { isRandom: true },
    );
  }

  /**
   * Returns the examples at some indices, in that order. An index may occur several times.
   *
   * @throws ArgumentError unless each index is an integer from 0 to `length` - 1.
   * @example
   * new Dataset(5, (i) => i).subset([4, 0]).toArray(); // [4, 0]
   */
  subset(indices: Iterable<number>): Dataset<Example> {
    const chosen = Int32Array.from(checkIndices('subset', indices, this.length));
    const gather = this.#gather;
    return new Dataset(chosen.length, (i, random) => this.#read(chosen[i]!, random), {
      isRandom: this.isRandom,
      ...(gather && { gather: (rows: Int32Array) => gather(rows.map((row) => chosen[row]!)) }),
    });
  }

  /**
   * Returns the examples for which a function returns true. Each example is read once, at the call.
   *
   * @throws ArgumentError if examples are promises.
   */
  filter(isWanted: (example: Example, index: number) => boolean): Dataset<Example> {
    checkCallback('filter', isWanted);
    const indices: number[] = [];
    for (let i = 0; i < this.length; i++) {
      const example = this.at(i);
      if (isPromise(example)) {
        throw new ArgumentError('filter: the examples are promises; find the indices first, then call subset(indices)');
      }
      if (isWanted(example, i)) indices.push(i);
    }
    return this.subset(indices);
  }

  /**
   * Splits the dataset into parts that have no example in common.
   *
   * @param parts Fractions that sum to 1, for example `[0.8, 0.2]`, or numbers of examples that sum to `length`.
   * @throws ArgumentError for parts with another sum, and for a part that would be empty.
   * @example
   * const [train, test] = new Dataset(10, (i) => i).split([0.8, 0.2], { random: new Random(1) });
   * [train.length, test.length]; // [8, 2]
   */
  split<const P extends readonly number[]>(
    parts: P,
    options: SplitOptions = {},
  ): { readonly [Part in keyof P]: Dataset<Example> } {
    checkOptions('split', options, ['random', 'by']);
    const split = splitsOf(this.length, parts, options).map((indices) => this.subset(indices));
    return split as { readonly [Part in keyof P]: Dataset<Example> };
  }

  /**
   * Splits the dataset into k parts of equal size for cross-validation. Each of the k results has one part to validate
   * with and the others to train with, so every example is used for validation once.
   *
   * @param k From 2 to `length`.
   * @example
   * const folds = new Dataset(10, (i) => i).kFold(5, { random: new Random(1) });
   * folds.map(({ train, validation }) => [train.length, validation.length])[0]; // [8, 2]
   */
  kFold(k: number, options: FoldOptions = {}): Fold<Dataset<Example>>[] {
    checkOptions('kFold', options, ['random', 'by']);
    return foldsOf(this.length, k, options).map(({ train, validation }) => ({
      train: this.subset(train),
      validation: this.subset(validation),
    }));
  }

  /**
   * Returns the examples of this dataset followed by those of others.
   *
   * @example
   * new Dataset(2, (i) => i).concat(new Dataset(1, () => 7)).toArray(); // [0, 1, 7]
   */
  concat(...others: readonly Dataset<Example>[]): Dataset<Example> {
    const parts = [this, ...others] as const;
    const wrong = others.find((other) => !(other instanceof Dataset));
    if (wrong !== undefined) throw new ArgumentError(`concat: expected datasets, got ${describeValue(wrong)}`);
    const starts: number[] = [];
    let length = 0;
    for (const part of parts) {
      starts.push(length);
      length += part.length;
    }
    const read = (i: number, random?: Random): Example => {
      let part = parts.length - 1;
      while (starts[part]! > i) part--;
      return parts[part]!.at(i - starts[part]!, random);
    };
    return new Dataset(length, read, { isRandom: parts.some(({ isRandom }) => isRandom) });
  }
}

function checkCallback(call: string, f: unknown): void {
  if (typeof f !== 'function') throw new ArgumentError(`${call}: expected a function, got ${describeValue(f)}`);
}

function* checkIndices(call: string, indices: Iterable<number>, length: number): Generator<number> {
  for (const index of indices) {
    if (!Number.isInteger(index) || index < 0 || index >= length) {
      throw new ArgumentError(`${call}: expected indices from 0 to ${length - 1}, got ${describeValue(index)}`);
    }
    yield index;
  }
}
