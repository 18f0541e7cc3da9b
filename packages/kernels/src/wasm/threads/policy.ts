/** Decides when threads are used: for large jobs, once the program has done enough work. */

import { loadParallelKernels } from '#parallel-kernels';
import type { Data } from '../../arrays/dtype.ts';
import { offerSharedAllocator, withdrawSharedAllocator } from '../../memory/shared-allocator.ts';
import type { ParallelKernels } from '../parallel-kernels.ts';
import { messageOf } from './host.ts';
import type { WorkerPool } from './worker-pool.ts';

/** A running pool and its kernels. */
export interface PoolKernels extends Omit<ParallelKernels, 'WorkerPool'> {
  readonly pool: WorkerPool;
}

/** Chooses the pool, if any, for a job. */
export interface ThreadPolicy {
  /** Returns the pool for a job of this many operations, or undefined if it should run on one thread. */
  forWork(operations: number): PoolKernels | undefined;
  /** Returns the pool for a job that reads or writes an array in the pool's memory, which needs no copy. */
  forArray(data: Data): PoolKernels | undefined;
}

/**
 * The minimum number of operations for threads. A smaller job takes no longer on one thread than workers take to
 * respond.
 */
const MIN_JOB_OPERATIONS = 4e6;
/**
 * The number of operations, in jobs of at least `MIN_JOB_OPERATIONS`, before workers are started. A shorter program
 * would end before they help.
 */
const WARMUP_OPERATIONS = 1e9;

/**
 * Manages the workers that help one thread. The workers are started once enough work has been seen, and nothing waits
 * for them to start.
 */
export class LazyWorkerPool implements ThreadPolicy {
  /** The number of threads that should take part in a job, including the owner. */
  readonly wanted: number;
  #seen = 0;
  #workers: PoolKernels | undefined;
  #closed = false;
  #reason: string | undefined;

  constructor(wanted: number) {
    this.wanted = wanted;
  }

  /**
   * The number of threads that take part in jobs, or will do so once they have started. Workers that the host refused,
   * or that have ended, don't count.
   */
  get threads(): number {
    return this.#closed ? 1 : (this.#workers?.pool.present ?? this.wanted);
  }

  /** The reason why there are no workers, if the host refused them. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Returns the pool if the job is large enough and the workers are ready. */
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

  /** Frees the memory of a job that did not finish. */
  reset(): void {
    this.#workers?.pool.heap.clear();
  }

  /** Ends the workers; no others are started. */
  close(): void {
    this.#closed = true;
    if (this.#workers === undefined) return;
    withdrawSharedAllocator(this.#workers.pool.arrays);
    this.#workers.pool.close();
  }

  /** Starts the workers. If the host refuses memory or workers, the program runs on one thread. */
  #start({ WorkerPool, ...tasks }: ParallelKernels): void {
    if (this.#closed) return;
    try {
      this.#workers = { pool: new WorkerPool(this.wanted, (reason) => this.fail(reason)), ...tasks };
      offerSharedAllocator(this.#workers.pool.arrays);
    } catch (error) {
      this.fail(messageOf(error));
    }
  }

  /** Ends the workers, recording a reason for the user. */
  fail(reason: string): void {
    this.#reason = `one thread: ${reason}`;
    this.close();
  }
}
