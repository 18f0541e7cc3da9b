import { ArgumentError } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { type BatchRequest, ExampleError } from '../loading/batch-reader.ts';
import { listenTo, type ModuleUrl, type NodeWorker, type StartedWorker, startModule, type WebWorker } from './host.ts';
import { type Answer, decodeBatch, type Wanted } from './messages.ts';

/** The options of reading in workers. */
export interface WorkersOptions {
  /** The number of workers. */
  readonly count: number;
  /**
   * The module that each worker runs, for example `new URL('./examples.js', import.meta.url)`. It must call
   * `serveExamples`.
   */
  readonly module?: ModuleUrl;
  /**
   * Starts a worker; used instead of `module`. Bundlers need this form, since they look for `new Worker(new
   * URL('./examples.js', import.meta.url), { type: 'module' })`.
   */
  readonly start?: () => NodeWorker | WebWorker;
  /** The number of batches that each worker reads ahead. Defaults to 2. */
  readonly prefetch?: number;
}

/** Checks the options, and returns them with defaults filled in. */
export function workersOf(options: WorkersOptions): {
  readonly count: number;
  readonly start: () => NodeWorker | WebWorker;
  readonly prefetch: number;
} {
  checkOptions('DataLoader', options, ['count', 'module', 'start', 'prefetch']);
  const { count, module, start, prefetch = 2 } = options;
  for (const [name, value] of Object.entries({ count, prefetch })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ArgumentError(`DataLoader: expected a ${name} of workers of 1 or more, got ${describeValue(value)}`);
    }
  }
  if ((module === undefined) === (start === undefined)) {
    const got = module === undefined ? 'neither' : 'both';
    throw new ArgumentError(`DataLoader: expected a module or a function 'start' for workers, got ${got}`);
  }
  if (start !== undefined) return { count, prefetch, start };
  if (typeof module?.href === 'string') return { count, prefetch, start: () => startModule(module) };
  const wanted = "a URL, as in new URL('./examples.js', import.meta.url)";
  throw new ArgumentError(`DataLoader: expected ${wanted} as the module of workers, got ${describeValue(module)}`);
}

/** The functions that settle the promise of a batch. */
interface Waiting {
  resolve(batch: unknown): void;
  reject(error: unknown): void;
}

/** A worker, and the batches that have been requested from it. */
interface Reader {
  readonly worker: StartedWorker;
  readonly waiting: Map<number, Waiting>;
  /** Messages to send once the worker listens; `undefined` after that. */
  held: Wanted[] | undefined;
}

/** A group of workers that read batches. The first error ends all of them. */
export class WorkerPool {
  readonly #readers: Reader[] = [];
  #next = 0;
  #end: Error | undefined;

  /**
   *
   * @param length The number of examples in the loader's dataset. The workers' datasets must have the same number.
   */
  constructor(start: () => NodeWorker | WebWorker, count: number, length: number) {
    try {
      for (let i = 0; i < count; i++) this.#readers.push(this.#started(start(), length));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether an error or `close` has ended the workers. */
  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  #started(worker: NodeWorker | WebWorker, length: number): Reader {
    const waiting = new Map<number, Waiting>();
    const reader: Reader = {
      waiting,
      held: [],
      worker: listenTo(worker, {
        end: (reason) => {
          const before = reader.held === undefined ? '' : ' before it called serveExamples';
          this.#fail(new Error(`DataLoader: a worker failed${before}: ${reason}`));
        },
        message: (message) => this.#receive(reader, message as Answer, length),
      }),
    };
    reader.worker.hold(false);
    return reader;
  }

  #receive(reader: Reader, answer: Answer, length: number): void {
    if (answer?.tapegrad === 'ready') {
      if (answer.length !== length) {
        const got = `${answer.length} examples, expected ${length} as in the loader's`;
        this.#fail(new Error(`DataLoader: the dataset of the workers has ${got}`));
        return;
      }
      for (const wanted of reader.held ?? []) reader.worker.post(wanted);
      reader.held = undefined;
    } else if (answer?.tapegrad === 'batch' || answer?.tapegrad === 'failed') {
      const waiting = reader.waiting.get(answer.id);
      reader.waiting.delete(answer.id);
      if (reader.waiting.size === 0) reader.worker.hold(false);
      if (answer.tapegrad === 'batch') waiting?.resolve(decodeBatch(answer.batch));
      else waiting?.reject(errorOf(answer));
    }
  }

  /** Requests a batch from the worker with the fewest pending requests. */
  request(request: BatchRequest): Promise<unknown> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const reader = this.#readers.reduce((least, other) => (other.waiting.size < least.waiting.size ? other : least));
    const id = this.#next++;
    // Copied, because the indices are a view of the whole epoch's indices, all of which would be sent otherwise.
    const wanted: Wanted = { tapegrad: 'wanted', id, ...request, indices: request.indices.slice() };
    return new Promise((resolve, reject) => {
      reader.waiting.set(id, { resolve, reject });
      reader.worker.hold(true);
      if (reader.held === undefined) reader.worker.post(wanted);
      else reader.held.push(wanted);
    });
  }

  /** Ends the workers. The promises of pending requests are rejected. */
  close(): void {
    this.#fail(new Error('DataLoader: the workers were terminated'));
  }

  #fail(error: Error): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    for (const { worker, waiting } of this.#readers) {
      worker.end();
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    }
  }
}

/** Recreates an error that a worker has reported. */
function errorOf({ index, error: { name, message, stack } }: Extract<Answer, { readonly tapegrad: 'failed' }>): Error {
  const prefix = `example ${index}: `;
  const cause = new Error(message.startsWith(prefix) ? message.slice(prefix.length) : message);
  if (stack !== undefined) cause.stack = stack;
  if (index !== undefined) return new ExampleError(index, cause);
  cause.name = name;
  return cause;
}
