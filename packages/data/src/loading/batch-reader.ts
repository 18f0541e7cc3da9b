/** Reads batches of a dataset, in this thread or within a worker. */

import { ArgumentError, type Random } from '@tapegrad/core';
import { Dataset, type Source } from '../dataset/dataset.ts';
import { collate } from './collate.ts';
import { type EpochKey, randomFor } from './seeds.ts';

/** A batch to be read. */
export interface BatchRequest {
  /** The number of the batch in the epoch, from 0. */
  readonly batch: number;
  /** The indices of the batch's examples. */
  readonly indices: Int32Array;
  /** The seed of all random changes of the examples; `undefined` if the loader has no generator. */
  readonly key: EpochKey | undefined;
}

/** The functions that make a batch of examples. */
export interface BatchOptions<Example, Batch> {
  readonly collate?: (examples: readonly Awaited<Example>[], indices: Int32Array) => Batch;
  readonly transform?: (batch: Batch) => Batch;
  readonly augment?: (batch: Batch, random: Random) => Batch;
}

/** Thrown when an example can't be read. `cause` is the error that the dataset threw. */
export class ExampleError extends Error {
  override readonly name = 'ExampleError';
  /** The index of the example. */
  readonly index: number;

  constructor(index: number, cause: unknown) {
    super(`example ${index}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.index = index;
  }
}

const isPromise = (x: unknown): x is PromiseLike<unknown> =>
  typeof x === 'object' && x !== null && 'then' in x && typeof x.then === 'function';

const ignore = (): void => {};

/** Reads the examples of a batch and makes a batch of them. */
export class BatchReader<Batch> {
  readonly #gather: (request: BatchRequest) => Batch | undefined;
  readonly #examples: (request: BatchRequest) => unknown[];
  readonly #finish: (batch: Batch, request: BatchRequest) => Batch;
  readonly #collate: (examples: readonly unknown[], indices: Int32Array) => Batch;

  constructor(dataset: Source<unknown>, options: BatchOptions<never, Batch>) {
    const { transform = (batch: Batch) => batch, augment } = options;
    const isRandom = !(dataset instanceof Dataset) || dataset.isRandom;
    const gathers = options.collate === undefined && dataset instanceof Dataset && dataset.canGather;
    this.#gather = gathers ? ({ indices }) => dataset.gather(indices) as Batch : () => undefined;
    this.#collate = (options.collate ?? collate) as (examples: readonly unknown[], indices: Int32Array) => Batch;
    this.#examples = ({ indices, key }) =>
      Array.from(indices, (index) => {
        try {
          return dataset.at(index, isRandom && key !== undefined ? randomFor(key, 'example', index) : undefined);
        } catch (error) {
          throw new ExampleError(index, error);
        }
      });
    this.#finish = (batch, { batch: number, key }) => {
      const changed = transform(batch);
      return augment === undefined ? changed : augment(changed, randomFor(key!, 'batch', number));
    };
  }

  /** Reads a batch. Throws if an example is a promise. */
  read(request: BatchRequest): Batch {
    return this.#finish(this.#gather(request) ?? this.#collated(request), request);
  }

  #collated(request: BatchRequest): Batch {
    const examples = this.#examples(request);
    const promised = examples.filter(isPromise);
    if (promised.length === 0) return this.#collate(examples, request.indices);
    for (const promise of promised) promise.then(ignore, ignore);
    throw new ArgumentError('DataLoader: the examples are promises; write `for await (const batch of loader)`');
  }

  /** Reads a batch whose examples may be promises, which are awaited together. */
  async readAsync(request: BatchRequest): Promise<Batch> {
    const gathered = this.#gather(request);
    if (gathered !== undefined) return this.#finish(gathered, request);
    const examples = await Promise.all(
      this.#examples(request).map((example, i) =>
        isPromise(example)
          ? example.then(undefined, (error: unknown) => {
              throw new ExampleError(request.indices[i]!, error);
            })
          : example,
      ),
    );
    return this.#finish(this.#collate(examples, request.indices), request);
  }
}
