import { ArgumentError, Random, type RandomState } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import type { Collated } from '../dataset/collated.ts';
import type { Source } from '../dataset/dataset.ts';
import { WorkerPool, type WorkersOptions, workersOf } from '../workers/pool.ts';
import { BatchReader, type BatchRequest } from './batch-reader.ts';
import { inOrder, type Sampler, shuffled } from './samplers.ts';
import { epochKey } from './seeds.ts';

/** The options of a `DataLoader`. */
export interface DataLoaderOptions<Example, Batch> {
  /** The number of examples in a batch. */
  readonly batchSize: number;
  /** The generator that shuffles the examples and seeds `augment`. Without it, nothing is random. */
  readonly random?: Random;
  /** Whether to shuffle the examples in each epoch. Defaults to true if there is a `random` and no `sampler`. */
  readonly shuffle?: boolean;
  /** Chooses the examples of an epoch. Without it, an epoch has all of them. */
  readonly sampler?: Sampler;
  /** Whether to leave out the last batch if it has fewer examples than the others. Defaults to false. */
  readonly dropLast?: boolean;
  /** Makes a batch of examples. Defaults to `collate`. */
  readonly collate?: (examples: readonly Awaited<Example>[], indices: Int32Array) => Batch;
  /** Changes each batch. The change must not be random. */
  readonly transform?: (batch: Batch) => Batch;
  /** Changes each batch at random, after `transform`. The generator is seeded by the epoch and the batch. */
  readonly augment?: (batch: Batch, random: Random) => Batch;
  /** The number of batches that `for await` reads ahead without workers, for examples that are promises. Defaults to 2. */
  readonly prefetch?: number;
  /** Reads batches in workers, for `for await` loops. The workers run a module that calls `serveExamples`. */
  readonly workers?: WorkersOptions;
}

/** The position of a `DataLoader`, as plain data that is safe in JSON. */
export interface DataLoaderState {
  /** The number of the current epoch, from 0. */
  readonly epoch: number;
  /** The number of batches that this epoch has delivered. */
  readonly position: number;
  /**
   * The state of the generator before it drew the order of the epoch; null if no order has been drawn, or without a
   * generator.
   */
  readonly start: RandomState | null;
  /** The state of the generator; null without one. */
  readonly random: RandomState | null;
  /** The number of examples in an epoch. */
  readonly examples: number;
  readonly batchSize: number;
}

/** An epoch that has begun and not ended. */
interface Epoch {
  readonly number: number;
  readonly start: RandomState | null;
  readonly order: Int32Array;
  /** The number of batches delivered so far. */
  position: number;
}

/** The position of a loader: between epochs, or within one. */
type Standing =
  | { readonly kind: 'between'; readonly epoch: number }
  | { readonly kind: 'loaded'; readonly epoch: number; readonly start: RandomState | null; readonly position: number }
  | { readonly kind: 'within'; readonly epoch: Epoch };

/**
 * Reads a dataset in batches. Each `for` loop over it is an epoch, which reads every example once, in random order if
 * the loader has a `random`.
 *
 * `for (… of loader)` needs a dataset that returns examples. `for await (… of loader)` also accepts examples that are
 * promises, and reads in workers if the option `workers` is set. Workers run until a loop is left by `break`, or until
 * `close`.
 *
 * The batches depend only on the seed. `state()` returns the position at any time, even within an epoch; after
 * `load(state)`, the next loop continues from there with the same batches. A loop left by `break` ends its epoch: the
 * next loop begins a new one.
 *
 * @example
 * const dataset = fromTensors({ x: new Random(1).normal([100, 4]), y: new Int32Array(100) });
 * const loader = new DataLoader(dataset, { batchSize: 32, random: new Random(2) });
 * let examples = 0;
 * for (const { x, y } of loader) examples += y.shape[0];
 * [loader.length, examples, loader.epoch]; // [4, 100, 1]
 */
export class DataLoader<Example, Batch = Collated<Awaited<Example>>> implements Iterable<Batch>, AsyncIterable<Batch> {
  /** The number of batches in an epoch. */
  readonly length: number;
  readonly #reader: BatchReader<Batch>;
  readonly #sampler: Sampler;
  readonly #random: Random | undefined;
  readonly #examples: number;
  readonly #datasetLength: number;
  readonly #batchSize: number;
  readonly #workers: ReturnType<typeof workersOf> | undefined;
  /** The number of batches that are read ahead. */
  readonly #ahead: number;
  #pool: WorkerPool | undefined;
  #standing: Standing = { kind: 'between', epoch: 0 };

  /**
   *
   * @param dataset A `Dataset`, or any object with `length` and `at(index)`.
   * @throws ArgumentError for an empty dataset, a batch size below 1, or options that contradict each other.
   */
  constructor(dataset: Source<Example>, options: DataLoaderOptions<Example, Batch>) {
    checkSource(dataset);
    if (options === undefined) throw new ArgumentError('DataLoader: expected options { batchSize }, got none');
    checkOptions('DataLoader', options, [
      ...(['batchSize', 'random', 'shuffle', 'sampler', 'dropLast', 'collate', 'transform', 'augment'] as const),
      ...(['prefetch', 'workers'] as const),
    ]);
    const { batchSize, random, shuffle, sampler, dropLast = false, augment, prefetch = 2, workers } = options;
    if (!Number.isInteger(prefetch) || prefetch < 1) {
      throw new ArgumentError(`DataLoader: expected a prefetch of 1 or more, got ${describeValue(prefetch)}`);
    }
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new ArgumentError(`DataLoader: expected a batchSize of 1 or more, got ${describeValue(batchSize)}`);
    }
    if (shuffle !== undefined && sampler !== undefined) {
      throw new ArgumentError('DataLoader: expected shuffle or a sampler, got both; a sampler decides the order');
    }
    if (random === undefined && (shuffle || augment !== undefined)) {
      const option = shuffle ? 'shuffle' : 'augment';
      throw new ArgumentError(`DataLoader: ${option} needs a generator; give { random: new Random(seed) }`);
    }
    this.#sampler = sampler ?? ((shuffle ?? random !== undefined) ? shuffled : inOrder);
    this.#random = random;
    this.#batchSize = batchSize;
    this.#datasetLength = dataset.length;
    const count = this.#sampler.count(dataset.length);
    this.#examples = dropLast ? count - (count % batchSize) : count;
    this.length = Math.ceil(this.#examples / batchSize);
    this.#reader = new BatchReader(dataset, options);
    this.#workers = workers === undefined ? undefined : workersOf(workers);
    this.#ahead = this.#workers === undefined ? prefetch : this.#workers.count * this.#workers.prefetch;
  }

  /** The number of the current epoch, from 0. It is incremented when the loop ends, after the last batch of an epoch. */
  get epoch(): number {
    const standing = this.#standing;
    return standing.kind === 'within' ? standing.epoch.number : standing.epoch;
  }

  /** The number of batches that the current epoch has delivered. */
  get position(): number {
    const standing = this.#standing;
    if (standing.kind === 'between') return 0;
    return standing.kind === 'loaded' ? standing.position : standing.epoch.position;
  }

  /**
   * Returns the position of the latest loop. A batch counts as soon as it has been delivered to the loop. After a
   * `break`, this is the position of the `break`.
   */
  state(): DataLoaderState {
    const standing = this.#standing;
    const start = standing.kind === 'between' ? null : (standing.kind === 'loaded' ? standing : standing.epoch).start;
    return {
      epoch: this.epoch,
      position: this.position,
      start,
      random: this.#random?.state ?? null,
      examples: this.#examples,
      batchSize: this.#batchSize,
    };
  }

  /**
   * Makes the next loop continue from a position. The state of the generator is set as well, so that all later epochs
   * are the same too.
   *
   * @throws ArgumentError if the state is from a loader with another number of examples, another batch size, or a
   *   generator where this one has none. The position is then unchanged.
   */
  load(state: DataLoaderState): void {
    const { epoch, position, start, random } = this.#checked(state);
    if (this.#random !== undefined && random !== null) this.#random.state = random;
    this.#standing =
      position > 0 || start !== null ? { kind: 'loaded', epoch, start, position } : { kind: 'between', epoch };
  }

  #checked(state: DataLoaderState): DataLoaderState {
    const isObject = typeof state === 'object' && state !== null;
    const wrong = (message: string) => new ArgumentError(`DataLoader.load: ${message}`);
    if (!isObject) throw wrong(`expected a state, as state() returns it, got ${describeValue(state)}`);
    for (const [name, own] of [
      ['examples', this.#examples],
      ['batchSize', this.#batchSize],
    ] as const) {
      if (state[name] !== own) throw wrong(`the state is of a loader with ${name} ${state[name]}, this one has ${own}`);
    }
    const { epoch, position, start, random } = state;
    if (!Number.isSafeInteger(epoch) || epoch < 0)
      throw wrong(`expected an epoch of 0 or more, got ${describeValue(epoch)}`);
    if (!Number.isSafeInteger(position) || position < 0 || position > this.length) {
      throw wrong(`expected a position from 0 to ${this.length}, got ${describeValue(position)}`);
    }
    if (
      (random === null) !== (this.#random === undefined) ||
      (position > 0 && (start === null) !== (random === null))
    ) {
      const has = this.#random === undefined ? 'no random' : 'a random';
      throw wrong(`this loader has ${has}, and the state is of one ${random === null ? 'without' : 'with'} it`);
    }
    // A temporary generator throws if these are not valid states, before this loader is changed.
    for (const words of [start, random]) if (words !== null) new Random(0).state = words;
    return state;
  }

  *[Symbol.iterator](): Generator<Batch, void, undefined> {
    const epoch = this.#begin();
    while (epoch.position < this.length) {
      const batch = this.#reader.read(this.#request(epoch, epoch.position));
      epoch.position++;
      yield batch;
    }
    this.#finish(epoch);
  }

  /**
   * For each batch of an epoch, yields a function that reads the batch. A batch that is read within the function given
   * to `minimize` lies in memory that the next step reuses, so it can't be used after the step. With batches of 400 kB,
   * this saves more time than it takes to copy their rows.
   *
   * A batch counts as delivered once it is read. Reading it again gives the same batch, in new memory.
   *
   * @example
   * const x = new Random(1).normal([100, 4]);
   * const loader = new DataLoader(fromTensors({ x }), { batchSize: 50, random: new Random(2) });
   * const sizes: number[] = [];
   * for (const read of loader.deferred()) sizes.push(read().x.shape[0]);
   * sizes; // [50, 50]
   */
  *deferred(): Generator<() => Batch, void, undefined> {
    const epoch = this.#begin();
    for (let batch = epoch.position; batch < this.length; batch++) {
      const request = this.#request(epoch, batch);
      yield () => {
        const read = this.#reader.read(request);
        epoch.position = Math.max(epoch.position, batch + 1);
        return read;
      };
      epoch.position = Math.max(epoch.position, batch + 1);
    }
    this.#finish(epoch);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, undefined> {
    const epoch = this.#begin();
    const read = this.#asyncRead();
    const pending: Promise<Batch>[] = [];
    let next = epoch.position;
    let isDone = false;
    try {
      while (epoch.position < this.length) {
        for (; next < this.length && pending.length < this.#ahead; next++) {
          const batch = read(this.#request(epoch, next));
          // If the loop ends before it reaches this batch, an error of the batch must not become an unhandled
          // rejection.
          batch.catch(() => {});
          pending.push(batch);
        }
        const batch = await pending.shift()!;
        epoch.position++;
        yield batch;
      }
      isDone = true;
    } finally {
      if (!isDone) this.close();
    }
    this.#finish(epoch);
  }

  /** Returns the function that reads a batch: in workers, which are started if they do not run, or in this thread. */
  #asyncRead(): (request: BatchRequest) => Promise<Batch> {
    if (this.#workers === undefined) return (request) => this.#reader.readAsync(request);
    if (this.#pool === undefined || this.#pool.hasEnded) {
      this.#pool = new WorkerPool(this.#workers.start, this.#workers.count, this.#datasetLength);
    }
    const pool = this.#pool;
    return (request) => pool.request(request) as Promise<Batch>;
  }

  /** Ends the workers, if there are any. The next `for await` loop starts others. */
  close(): void {
    this.#pool?.close();
    this.#pool = undefined;
  }

  /** Begins an epoch, or continues the one whose position was loaded. */
  #begin(): Epoch {
    const standing = this.#standing;
    const isNew = standing.kind !== 'loaded';
    const number = standing.kind === 'within' ? standing.epoch.number + 1 : standing.epoch;
    const start = isNew ? (this.#random?.state ?? null) : standing.start;
    const epoch = { number, start, order: this.#order(start, isNew), position: isNew ? 0 : standing.position };
    this.#standing = { kind: 'within', epoch };
    return epoch;
  }

  /** Draws the order of an epoch. This advances the loader's generator for a new epoch, but not for one that continues. */
  #order(start: RandomState | null, isNew: boolean): Int32Array {
    const random = this.#random;
    if (random === undefined || start === null) return this.#sampler.indices(this.#datasetLength, undefined);
    const now = random.state;
    random.state = start;
    const order = this.#sampler.indices(this.#datasetLength, random);
    if (!isNew) random.state = now;
    return order;
  }

  #finish({ number }: Epoch): void {
    if (this.epoch === number) this.#standing = { kind: 'between', epoch: number + 1 };
  }

  #request({ order, start, number }: Epoch, batch: number): BatchRequest {
    const first = batch * this.#batchSize;
    return {
      batch,
      indices: order.subarray(first, Math.min(first + this.#batchSize, this.#examples)),
      key: start === null ? undefined : epochKey(start, number),
    };
  }
}

function checkSource(dataset: Source<unknown>): void {
  if (typeof dataset?.at !== 'function' || !Number.isSafeInteger(dataset.length)) {
    const mend = 'fromTensors, fromArray and fromColumns make one';
    throw new ArgumentError(`DataLoader: expected a dataset, got ${describeValue(dataset)}; ${mend}`);
  }
  if (dataset.length === 0) throw new ArgumentError('DataLoader: expected a dataset with examples, got an empty one');
}
