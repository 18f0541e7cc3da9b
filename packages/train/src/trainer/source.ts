/** Sources of batches, and the position of a run in them. */

import { ArgumentError } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';

/** One pass over the batches. */
type Pass<Batch> = Iterable<Batch> | AsyncIterable<Batch>;

/**
 * Batches that can be read any number of times: an array, a data loader, or a function that returns the batches of an
 * epoch. A source may have a `length`, its number of batches. If the source has `state` and `load`, a resumed run loads
 * the source's state; otherwise it skips the batches before the position.
 */
export type Source<Batch> = Pass<Batch> | Deferred<Batch> | ((epoch: number) => Pass<Batch> | Pass<() => Batch>);

/** Batches that are read within the step that uses them, as `deferred` returns them. */
export interface Deferred<Batch> {
  /** The number of batches. */
  readonly length: number;
  /** Begins a pass. Returns, for each batch, a function that reads it. */
  readers(): Iterable<() => Batch>;
  /** Returns the position in the batches. */
  state(): unknown;
  /** Continues from a position. */
  load(state: never): void;
}

/** A data loader that can yield functions that read batches, in place of the batches themselves. */
interface Deferring<Batch> {
  readonly length: number;
  deferred(): Iterable<() => Batch>;
  state(): unknown;
  load(state: never): void;
}

/**
 * Returns a source whose batches a data loader reads within the step that uses them, in memory that the next step
 * reuses. With large batches, this saves time. The loss function must not keep the batches.
 *
 * @example
 * const loader = new DataLoader(fromTensors({ x: ones([4, 2]), y: ones([4, 1]) }), { batchSize: 2 });
 * const model = new Dense(2, 1, { random: new Random(1) });
 * const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
 * const trainer = new Trainer({ model, optimizer, loss: supervised(model, mse), train: deferred(loader), epochs: 1 });
 * (await trainer.fit()).history.epochs[0]?.examples; // 4
 */
export const deferred = <Batch>(loader: Deferring<Batch>): Deferred<Batch> => ({
  get length() {
    return loader.length;
  },
  readers: () => loader.deferred(),
  state: () => loader.state(),
  load: (state) => loader.load(state),
});

/** Returns a batch, which may be given as a function that reads it. */
export const readBatch = <Batch>(batch: Batch | (() => Batch)): Batch =>
  typeof batch === 'function' ? (batch as () => Batch)() : batch;

/** The optional members of a source. */
interface Capabilities {
  readonly length?: unknown;
  state?(): unknown;
  load?(state: never): void;
}

/** The position in a source, as plain data. */
export interface SourceState {
  /** The number of completed passes. */
  readonly passes: number;
  /** The number of batches taken in this pass. */
  readonly taken: number;
  /** The state of the source itself, if it has one. */
  readonly own?: unknown;
}

/** Returns the number of batches of a pass, if the source has a `length`. */
export function lengthOf(source: Source<unknown>): number | undefined {
  if (typeof source === 'function') return undefined;
  const { length } = source as Capabilities;
  return typeof length === 'number' && Number.isInteger(length) ? length : undefined;
}

const passOfObject = <Batch>(source: Pass<Batch> | Deferred<Batch>): Pass<Batch | (() => Batch)> =>
  typeof (source as Partial<Deferred<Batch>> | null)?.readers === 'function'
    ? (source as Deferred<Batch>).readers()
    : (source as Pass<Batch>);

/** Returns the batches of one pass. */
export function passOf<Batch>(call: string, source: Source<Batch>, epoch: number): Pass<Batch | (() => Batch)> {
  const pass = typeof source === 'function' ? source(epoch) : passOfObject(source);
  const isIterable =
    typeof pass === 'object' && pass !== null && (Symbol.asyncIterator in pass || Symbol.iterator in pass);
  if (isIterable) return pass;
  const wanted = 'batches: an array, a data loader, or a function that returns the batches of an epoch';
  throw new ArgumentError(`${call}: expected ${wanted}, got ${describeValue(pass)}`);
}

/** A batch, a function that reads it, or undefined at the end of a pass. */
type Taken<Batch> = Batch | (() => Batch) | undefined;

type AnyIterator<Batch> = Iterator<Batch, unknown> | AsyncIterator<Batch, unknown>;

const iteratorOf = <Batch>(pass: Pass<Batch>): AnyIterator<Batch> =>
  Symbol.asyncIterator in pass ? pass[Symbol.asyncIterator]() : pass[Symbol.iterator]();

/** Takes the batches of a source one by one, pass after pass, and keeps track of the position. */
export class Cursor<Batch> {
  readonly #source: Source<Batch>;
  readonly #capabilities: Capabilities;
  #iterator: AnyIterator<Batch | (() => Batch)> | undefined;
  #passes = 0;
  #taken = 0;
  /** Batches to skip when the pass begins. */
  #skipped = 0;

  constructor(source: Source<Batch>) {
    this.#source = source;
    this.#capabilities = source as Capabilities;
  }

  /** The number of batches taken in this pass. */
  get taken(): number {
    return this.#taken;
  }

  /** Whether a pass has begun and not ended. */
  get isOpen(): boolean {
    return this.#iterator !== undefined;
  }

  /** Whether the source has a state of its own. If it has none, resuming repeats the pass up to the position. */
  get hasState(): boolean {
    return typeof this.#capabilities.state === 'function' && typeof this.#capabilities.load === 'function';
  }

  /** Begins a pass, and skips the batches before the position that was loaded. */
  async open(): Promise<void> {
    this.#iterator = iteratorOf(passOf('Trainer', this.#source, this.#passes));
    for (; this.#skipped > 0; this.#skipped--) await this.#iterator.next();
  }

  /**
   * Returns the next batch of an open pass, or undefined at its end.
   *
   * @param around Calls a function that runs the source's own code, and returns its result.
   */
  next(around: <R>(take: () => R) => R = (take) => take()): Taken<Batch> | Promise<Taken<Batch>> {
    const iterator = this.#iterator!;
    const result = around(() => iterator.next());
    // Awaiting each batch of an array would cost a microsecond per step.
    return 'then' in result ? Promise.resolve(result).then((awaited) => this.#take(awaited)) : this.#take(result);
  }

  #take({ done, value }: IteratorResult<Batch | (() => Batch), unknown>): Taken<Batch> {
    if (done === true) {
      this.#iterator = undefined;
      this.#passes++;
      this.#taken = 0;
      return undefined;
    }
    this.#taken++;
    return value as Batch | (() => Batch);
  }

  /** Whether the last batch of the pass has been taken; false for a source of unknown length. */
  get isAtEnd(): boolean {
    const length = lengthOf(this.#source);
    return length !== undefined && this.#taken >= length;
  }

  /**
   * Ends the pass if its last batch has been taken, so that a state saved now resumes at the next pass. Returns whether
   * the pass was ended, which never happens for a source of unknown length.
   */
  async endsHere(): Promise<boolean> {
    if (!this.isAtEnd) return false;
    if ((await this.next()) === undefined) return true;
    throw new ArgumentError(`Trainer: the batches have a length of ${lengthOf(this.#source)}, but there are more`);
  }

  state(): SourceState {
    const own = this.hasState ? { own: this.#capabilities.state!() } : {};
    return { passes: this.#passes, taken: this.#taken, ...own };
  }

  load({ passes, taken, own }: SourceState): void {
    if (this.hasState) this.#capabilities.load!(own as never);
    else this.#skipped = taken;
    this.#iterator = undefined;
    this.#passes = passes;
    this.#taken = taken;
  }
}
