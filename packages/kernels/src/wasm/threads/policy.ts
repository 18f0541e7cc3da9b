/** When threads help: after there has been enough to do, and in what is large. */

import { loadParallelKernels } from '#parallel-kernels';
import type { Data } from '../../arrays/dtype.ts';
import { offerSharedAllocator, withdrawSharedAllocator } from '../../memory/shared-allocator.ts';
import type { ParallelKernels } from '../parallel-kernels.ts';
import { messageOf } from './host.ts';
import type { WorkerPool } from './worker-pool.ts';

/** A pool that is there, and what it can do. */
export interface PoolKernels extends Omit<ParallelKernels, 'WorkerPool'> {
  readonly pool: WorkerPool;
}

/** Who helps. */
export interface ThreadPolicy {
  /** With so many operations, if any should. */
  forWork(operations: number): PoolKernels | undefined;
  /** With what is computed from or into an array that lies in their memory, and need not be copied. */
  forArray(data: Data): PoolKernels | undefined;
}

/** Operations below which a job takes no longer alone than workers take to come. */
const MIN_JOB_OPERATIONS = 4e6;
/**
 * Operations, in jobs of some size, before workers are called: a program that ends sooner would have waited for them.
 */
const WARMUP_OPERATIONS = 1e9;

/** The workers of one thread. They are called when enough work has been seen, and nobody waits for them. */
export class LazyWorkerPool implements ThreadPolicy {
  /** Threads that should take part in a job, the owner among them. */
  readonly wanted: number;
  #seen = 0;
  #workers: PoolKernels | undefined;
  #closed = false;
  #reason: string | undefined;

  constructor(wanted: number) {
    this.wanted = wanted;
  }

  /** Threads that take part, or will; without those of workers that the host refused, or that have ended. */
  get threads(): number {
    return this.#closed ? 1 : (this.#workers?.pool.present ?? this.wanted);
  }

  /** Why there is no help, where the host refused it. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Where the job should not be done on one thread, and they are there. */
  forWork(operations: number): PoolKernels | undefined {
    if (operations < MIN_JOB_OPERATIONS || this.#closed) return undefined;
    if (this.#workers !== undefined) return this.#workers.pool.isReady ? this.#workers : undefined;
    const before = this.#seen;
    this.#seen += operations;
    if (before < WARMUP_OPERATIONS && this.#seen >= WARMUP_OPERATIONS) {
      loadParallelKernels(
        (threads) => this.#start(threads),
        (error) => this.fail(messageOf(error)),
      );
    }
    return undefined;
  }

  forArray(data: Data): PoolKernels | undefined {
    const workers = this.#workers;
    if (workers === undefined || workers.pool.heap.locate(data) === undefined) return undefined;
    return workers.pool.isReady ? workers : undefined;
  }

  /** Takes back the memory of a job that did not come to its end. */
  reset(): void {
    this.#workers?.pool.heap.clear();
  }

  /** Ends the workers: there are none from now on. */
  close(): void {
    this.#closed = true;
    if (this.#workers === undefined) return;
    withdrawSharedAllocator(this.#workers.pool.arrays);
    this.#workers.pool.close();
  }

  /** Where the host refuses memory or workers there will be no help, which harms nobody. */
  #start({ WorkerPool, ...tasks }: ParallelKernels): void {
    if (this.#closed) return;
    try {
      this.#workers = { pool: new WorkerPool(this.wanted, (reason) => this.fail(reason)), ...tasks };
      offerSharedAllocator(this.#workers.pool.arrays);
    } catch (error) {
      this.fail(messageOf(error));
    }
  }

  /** Ends the workers, for a reason that can be read. */
  fail(reason: string): void {
    this.#reason = `one thread: ${reason}`;
    this.close();
  }
}
