/** The threads that help an interpreter: when they start, what they are told, and the memory that they share. */

import { instantiate } from './assembler.ts';
import { Heap } from './heap.ts';
import { CREW, JOB, type TaskExports } from './tasks.ts';
import type { WasmModule } from './webassembly.ts';
import { type HostWorker, startWorker, workerPort } from './workers.ts';

/**
 * The program of a worker. Its loop is `help`, in WebAssembly, which comes back only when another module's job is
 * current; a module that is not known yet has been sent already, so the worker returns to its event loop to receive it.
 */
const PROGRAM = `
const port = ${workerPort};
const helpers = new Map();
port.onmessage = ({ data: { memory, crew, thread, job, module } }) => {
  const words = new Int32Array(memory.buffer);
  if (module === undefined) Atomics.add(words, (crew + ${CREW.ready}) / 4, 1);
  else helpers.set(job, new WebAssembly.Instance(module, { env: { memory } }).exports.help);
  for (let current; helpers.has(current = Atomics.load(words, (crew + ${CREW.current}) / 4)); ) {
    helpers.get(current)(crew, current, thread);
  }
};`;

/** Operations below which a job takes no longer alone than helpers take to come. */
const LEAST = 4e6;
/**
 * Operations, in jobs of some size, before helpers are called: a program that ends sooner would have waited for them.
 */
const ENOUGH = 1e9;

/** Jobs of one module: the arguments go to `arguments`, an index into the memory as 32-bit integers. */
export interface Jobs {
  run(tasks: number, values: readonly number[]): void;
}

/**
 * Helpers of one thread, which owns the jobs. They start when enough work has been seen, and until the first is there
 * `helps` says no. The memory is one of its own: copies in and out of a shared memory take twice as long, in V8, as
 * those of a memory that is not, so what runs on one thread uses another.
 */
export class Crew {
  /** Threads at work on a job at most, the owner among them. */
  readonly threads: number;
  #seen = 0;
  #started: { readonly heap: Heap; readonly crew: number; readonly workers: readonly HostWorker[] } | undefined;
  #mayWait = false;
  #closed = false;

  constructor(threads: number) {
    this.threads = threads;
  }

  /** The memory that helpers see; there is one as soon as `helps` has said yes. */
  get heap(): Heap {
    return this.#team().heap;
  }

  /** Whether a job of so many operations should be done here, with helpers, and not on one thread. */
  helps(operations: number): boolean {
    if (operations < LEAST || this.#closed) return false;
    if (this.#started === undefined) {
      this.#seen += operations;
      if (this.#seen < ENOUGH) return false;
      this.#start();
      return false;
    }
    const { heap, crew } = this.#started;
    return Atomics.load(heap.i32, (crew + CREW.ready) / 4) > 0;
  }

  /** Makes a module of `defineTasks`, whose tasks take `values` arguments, known to the helpers. */
  employ<Exports extends TaskExports>(module: WasmModule, values: number): { jobs: Jobs; exports: Exports } {
    const { heap, crew, workers } = this.#team();
    const job = heap.allocate(JOB.arguments + 4 * values);
    heap.i32.fill(0, job / 4, (job + JOB.arguments) / 4);
    // Before they know of it, or they would go back to waiting for messages, and none would come.
    Atomics.store(heap.i32, (crew + CREW.current) / 4, job);
    for (const [i, worker] of workers.entries()) {
      worker.postMessage({ memory: heap.memory, crew, thread: i + 1, job, module });
    }
    const exports = instantiate<Exports>(module, heap.memory);
    const mayWait = this.#mayWait ? 1 : 0;
    const run = (tasks: number, given: readonly number[]): void => {
      heap.i32.set(given, (job + JOB.arguments) / 4);
      exports.run(crew, job, tasks, mayWait);
    };
    return { jobs: { run }, exports };
  }

  /** Ends the helpers; `helps` says no from now on. */
  close(): void {
    this.#closed = true;
    for (const worker of this.#started?.workers ?? []) worker.terminate();
  }

  /** Where the host refuses memory or workers there will be no help, which harms nobody. */
  #start(): void {
    try {
      const heap = new Heap({ shared: true });
      const crew = heap.allocate(CREW.bytes);
      heap.i32.fill(0, crew / 4, (crew + CREW.bytes) / 4);
      const workers = Array.from({ length: this.threads - 1 }, () => startWorker(PROGRAM));
      for (const [i, worker] of workers.entries()) worker.postMessage({ memory: heap.memory, crew, thread: i + 1 });
      this.#started = { heap, crew, workers };
      this.#mayWait = mayWait(heap.i32);
    } catch {
      this.#closed = true;
    }
  }

  #team() {
    if (this.#started === undefined) throw new Error('Crew: asked for help before there is any');
    return this.#started;
  }
}

/** What is made for a memory, of a crew or of one thread alone, made when it is first wanted. */
export function forEachMemory<T>(heap: Heap, make: (by: Crew | Heap) => T): (crew: Crew | undefined) => T {
  const made = new WeakMap<Crew | Heap, T>();
  return (crew) => {
    const by = crew ?? heap;
    const value = made.get(by) ?? make(by);
    made.set(by, value);
    return value;
  };
}

/** Whether this thread may sleep: the one of a page may not. */
function mayWait(words: Int32Array): boolean {
  try {
    Atomics.wait(words, 0, words[0]! + 1, 0);
    return true;
  } catch {
    return false;
  }
}
