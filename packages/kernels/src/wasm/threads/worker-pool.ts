/** The worker threads of an interpreter, their messages, and the memory that they share. */

import type { MemoryBlock } from '../../memory/free-list.ts';
import type { SharedAllocator, StackMark } from '../../memory/shared-allocator.ts';
import { instantiate, type WasmModule } from '../assembler/web-assembly.ts';
import { Heap, SLACK_BYTES, type StackAllocator } from '../memory/heap.ts';
import { messageOf } from './host.ts';
import { JOB, POOL, poolBytes, type TaskExports } from './job-protocol.ts';
import { type StartedWorker, startWorker, type WorkerState, workerPort } from './start-worker.ts';

/**
 * The script of a worker. Its loop is the WebAssembly function `work`, which returns only when the current job belongs
 * to another module. If that module is not loaded yet, its message has already been sent, so the worker returns to its
 * event loop to receive it. The worker skips jobs of modules that it can't instantiate.
 */
const WORKER_SOURCE = `
const port = ${workerPort};
const loops = new Map();
port.onmessage = ({ data: { memory, pool, thread, job, module } }) => {
  const words = new Int32Array(memory.buffer);
  if (module === undefined) Atomics.add(words, (pool + ${POOL.ready}) / 4, 1);
  else {
    try {
      loops.set(job, new WebAssembly.Instance(module, { env: { memory } }).exports.work);
    } catch {}
  }
  for (let current; loops.has(current = Atomics.load(words, (pool + ${POOL.current}) / 4)); ) {
    loops.get(current)(pool, current, thread);
  }
};`;

/**
 * Number of waits (10 s in all) without a finished task after which a task counts as lost, unless its worker is known
 * to run.
 */
const MAX_IDLE_CHECKS = 100;

/** Runs jobs of one module. Arguments are written to `arguments`, an index into the memory as 32-bit integers. */
export interface ParallelFor {
  /**
   * Calls `overlap` before this thread takes its first task. `overlap` may do anything except run another job of the
   * module.
   */
  run(tasks: number, values: readonly number[], overlap?: () => void): void;
}

/** The fraction of the shared memory that arrays may take; the rest is for jobs. */
const ARRAYS_SHARE = 1 / 4;

/** The time that a worker may take to start, in ms, before it counts as missing. */
const LATE = 10_000;

/** Allocates the arrays of arenas, which workers can access without a copy. */
class SharedStack implements SharedAllocator {
  readonly #heap: Heap;
  readonly #stack: StackAllocator;
  #taken = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#stack = heap.stack(1 << 22);
  }

  mark(): StackMark {
    return { top: this.#stack.mark(), taken: this.#taken };
  }

  take(bytes: number): MemoryBlock | undefined {
    if (this.#taken + bytes > ARRAYS_SHARE * this.#heap.mostBytes) return undefined;
    try {
      const byteOffset = this.#stack.reserve(bytes + SLACK_BYTES);
      this.#taken += bytes;
      return { buffer: this.#heap.memory.buffer, byteOffset };
    } catch {
      return undefined; // The memory can't grow.
    }
  }

  release({ top, taken }: StackMark): void {
    this.#stack.release(top);
    this.#taken = taken;
  }
}

/**
 * The workers of one thread, which owns their jobs, and the memory that they share. In V8, copies to and from shared
 * memory take twice as long, so single-threaded code uses a separate, unshared memory.
 */
export class WorkerPool {
  /** The greatest number of threads that work on a job, including the owner. */
  readonly threads: number;
  /** The memory shared with the workers. */
  readonly heap = new Heap({ shared: true });
  /** Allocates the arrays of arenas. */
  readonly arrays: SharedAllocator = new SharedStack(this.heap);
  /** Address of the words that all jobs share. */
  readonly #words: number;
  /** The workers that have not ended, by thread index. */
  readonly #workers = new Map<number, StartedWorker>();
  readonly #mayWait: boolean;
  readonly #onEnd: (reason: string) => void;
  readonly #startedAt = Date.now();

  /**
   * Starts as many workers as the host allows, without waiting for them. `onEnd` is called with a reason when no
   * worker is left. Throws if the host refuses memory or the first worker.
   */
  constructor(threads: number, onEnd: (reason: string) => void = () => {}) {
    const { heap } = this;
    this.#onEnd = onEnd;
    this.#words = heap.allocate(poolBytes(threads));
    heap.i32.fill(0, this.#words / 4, (this.#words + poolBytes(threads)) / 4);
    this.#mayWait = mayWait(heap.i32);
    for (let thread = 1; thread < threads; thread++) {
      try {
        this.#start(thread);
      } catch (error) {
        if (thread === 1) throw error;
        break;
      }
    }
    this.threads = 1 + this.#workers.size;
  }

  #start(thread: number): void {
    const worker = startWorker(WORKER_SOURCE, (reason) => this.#lose(thread, reason));
    try {
      worker.post({ memory: this.heap.memory, pool: this.#words, thread });
    } catch (error) {
      worker.end();
      throw error;
    }
    this.#workers.set(thread, worker);
  }

  /** Removes a worker that has failed. */
  #lose(thread: number, reason: string): void {
    this.#workers.get(thread)?.end();
    if (this.#workers.delete(thread) && this.#workers.size === 0) this.#onEnd(reason);
  }

  /** Number of workers that have started, including those that have ended since. */
  get #arrived(): number {
    return Atomics.load(this.heap.i32, (this.#words + POOL.ready) / 4);
  }

  /** Whether a worker has started and not all have ended. Otherwise, jobs run just as well on one thread. */
  get isReady(): boolean {
    return this.#workers.size > 0 && this.#arrived > 0;
  }

  /**
   * Number of threads that take part, including the owner. Workers that have ended, or did not start in time, do not
   * count.
   */
  get present(): number {
    const isLate = Date.now() - this.#startedAt > LATE;
    return 1 + (isLate ? Math.min(this.#arrived, this.#workers.size) : this.#workers.size);
  }

  /** Instantiates a module of `defineTasks`, whose tasks take `values` arguments, and sends it to the workers. */
  load<Exports extends TaskExports>(module: WasmModule, values: number): { jobs: ParallelFor; exports: Exports } {
    const { heap } = this;
    const pool = this.#words;
    const job = heap.allocate(JOB.arguments + 4 * values);
    heap.i32.fill(0, job / 4, (job + JOB.arguments) / 4);
    // Set before the workers get the module. Otherwise they would return to waiting for messages, and none would
    // come.
    Atomics.store(heap.i32, (pool + POOL.current) / 4, job);
    for (const [thread, worker] of this.#workers) {
      try {
        worker.post({ memory: heap.memory, pool, thread, job, module });
        worker.state(); // After a first query, Node reports at once when a worker has ended.
      } catch (error) {
        this.#lose(thread, messageOf(error));
      }
    }
    const exports = instantiate<Exports>(module, heap.memory, true);
    const mayWait = this.#mayWait ? 1 : 0;
    const run: ParallelFor['run'] = (tasks, given, overlap) => {
      heap.i32.set(given, (job + JOB.arguments) / 4);
      exports.begin(pool, job, tasks);
      try {
        overlap?.();
      } finally {
        exports.finish(job, tasks, mayWait);
        this.#awaitEnd((job + JOB.finished) / 4, tasks);
      }
    };
    return { jobs: { run }, exports };
  }

  /**
   * Blocks until tasks that outlast one wait of `finish` are done. Throws if a worker ended in the middle of a task.
   */
  #awaitEnd(place: number, tasks: number): void {
    const { i32 } = this.heap;
    let checks = MAX_IDLE_CHECKS;
    for (let finished = -1; ; ) {
      const before = finished;
      const states = this.#busyStates();
      finished = Atomics.load(i32, place);
      if (finished === tasks) return;
      const isMoving = finished !== before || !states.includes('unknown');
      checks = isMoving ? MAX_IDLE_CHECKS : checks - 1;
      if (checks === 0 || states.includes('ended')) break;
      if (this.#mayWait) Atomics.wait(i32, place, finished, 100);
    }
    const message = 'a worker ended during a computation; later computations run on one thread';
    this.close();
    this.#onEnd(message);
    throw new Error(message);
  }

  /** The states of the workers that may have taken a task and not finished it. */
  #busyStates(): WorkerState[] {
    const { i32 } = this.heap;
    const busy = [...this.#workers].filter(([thread]) => Atomics.load(i32, (this.#words + POOL.busy) / 4 + thread) > 0);
    return busy.map(([, worker]) => worker.state());
  }

  /** Ends the workers. */
  close(): void {
    const workers = [...this.#workers.values()];
    this.#workers.clear();
    for (const worker of workers) worker.end();
  }
}

/** Returns whether this thread may block; a browser's main thread may not. */
function mayWait(words: Int32Array): boolean {
  try {
    Atomics.wait(words, 0, words[0]! + 1, 0);
    return true;
  } catch {
    return false;
  }
}
