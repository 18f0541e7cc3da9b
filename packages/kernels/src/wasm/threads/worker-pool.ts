/** The threads that help an interpreter: what they are told, and the memory that they share. */

import type { MemoryBlock, SharedAllocator, StackMark } from '../../memory.ts';
import { instantiate } from '../assembler/module-builder.ts';
import type { WasmModule } from '../assembler/web-assembly.ts';
import { Heap, SLACK_BYTES, type StackAllocator } from '../memory/heap.ts';
import type { HostWorker } from './host.ts';
import { JOB, POOL, type TaskExports } from './job-protocol.ts';
import { startWorker, stateOf, workerPort } from './workers.ts';

/**
 * The program of a worker. Its loop is `work`, in WebAssembly, which comes back only when another module's job is
 * current; a module that is not known yet has been sent already, so the worker returns to its event loop to receive it.
 */
const WORKER_SOURCE = `
const port = ${workerPort};
const loops = new Map();
port.onmessage = ({ data: { memory, pool, thread, job, module } }) => {
  const words = new Int32Array(memory.buffer);
  if (module === undefined) Atomics.add(words, (pool + ${POOL.ready}) / 4, 1);
  else loops.set(job, new WebAssembly.Instance(module, { env: { memory } }).exports.work);
  for (let current; loops.has(current = Atomics.load(words, (pool + ${POOL.current}) / 4)); ) {
    loops.get(current)(pool, current, thread);
  }
};`;

/** Naps without a task finished, after which one that a worker may have taken, of which it is not known that it runs, counts as lost: 10 s. */
const MAX_IDLE_CHECKS = 100;

/** Jobs of one module: the arguments go to `arguments`, an index into the memory as 32-bit integers. */
export interface ParallelFor {
  /** Calls `overlap` before this thread takes its first task: it may do all but another job of the module. */
  run(tasks: number, values: readonly number[], overlap?: () => void): void;
}

/** Bytes of arrays in the shared memory at a time, at most: the rest of it is for jobs. */
const MAX_SHARED_BYTES = 1 << 29;

/** Room for the arrays of arenas, which workers see without a copy. */
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
    if (this.#taken + bytes > MAX_SHARED_BYTES) return undefined;
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
 * Workers of one thread, which owns the jobs. The memory is one of its own: copies in and out of a shared memory take
 * twice as long, in V8, as those of a memory that is not, so what runs on one thread uses another.
 */
export class WorkerPool {
  /** Threads at work on a job at most, the owner among them. */
  readonly threads: number;
  /** The memory that workers see. */
  readonly heap = new Heap({ shared: true });
  /** For the arrays of arenas. */
  readonly arrays: SharedAllocator = new SharedStack(this.heap);
  /** Where the words of all jobs lie in it. */
  readonly #words = this.heap.allocate(POOL.bytes);
  readonly #workers: readonly HostWorker[];
  readonly #mayWait: boolean;
  #isLost = false;

  /** Starts the workers, and does not wait for them. Throws where the host refuses memory or workers. */
  constructor(threads: number) {
    this.threads = threads;
    const { heap } = this;
    const pool = this.#words;
    heap.i32.fill(0, pool / 4, (pool + POOL.bytes) / 4);
    this.#workers = Array.from({ length: threads - 1 }, () => startWorker(WORKER_SOURCE));
    for (const [i, worker] of this.#workers.entries()) worker.postMessage({ memory: heap.memory, pool, thread: i + 1 });
    this.#mayWait = mayWait(heap.i32);
  }

  /** Whether a worker has come, and none was lost; other jobs are done as well on one thread. */
  get isReady(): boolean {
    return !this.#isLost && Atomics.load(this.heap.i32, (this.#words + POOL.ready) / 4) > 0;
  }

  /** Makes a module of `defineTasks`, whose tasks take `values` arguments, known to the workers. */
  load<Exports extends TaskExports>(module: WasmModule, values: number): { jobs: ParallelFor; exports: Exports } {
    const { heap } = this;
    const pool = this.#words;
    const job = heap.allocate(JOB.arguments + 4 * values);
    heap.i32.fill(0, job / 4, (job + JOB.arguments) / 4);
    // Before they know of it, or they would go back to waiting for messages, and none would come.
    Atomics.store(heap.i32, (pool + POOL.current) / 4, job);
    for (const [i, worker] of this.#workers.entries()) {
      worker.postMessage({ memory: heap.memory, pool, thread: i + 1, job, module });
      stateOf(worker); // Node tells at once that a worker has ended if it was asked about it before.
    }
    const exports = instantiate<Exports>(module, heap.memory);
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

  /** Waits for tasks that take longer than a nap. Throws where their worker has ended. */
  #awaitEnd(place: number, tasks: number): void {
    const { i32 } = this.heap;
    let naps = MAX_IDLE_CHECKS;
    for (let finished = -1; ; ) {
      const before = finished;
      finished = Atomics.load(i32, place);
      if (finished === tasks) return;
      const states = this.#workers.map(stateOf);
      const isMoving = finished !== before || states.every((state) => state === 'running');
      naps = isMoving ? MAX_IDLE_CHECKS : naps - 1;
      if (naps === 0 || states.every((state) => state === 'ended')) break;
      Atomics.wait(i32, place, finished, 100);
    }
    this.#isLost = true;
    this.close();
    throw new Error('a thread that helped has ended in the middle of a computation; later ones run on one thread');
  }

  /** Ends the workers. */
  close(): void {
    for (const worker of this.#workers) worker.terminate();
  }
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
