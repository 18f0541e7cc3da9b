/** What only a program with enough work for several threads runs: loaded apart from the rest, where that can be. */

import { ParallelBinary } from './elementwise/parallel-binary.ts';
import { ParallelUnary } from './elementwise/parallel-unary.ts';
import { ParallelProduct } from './matmul/parallel.ts';
import { ParallelRows } from './reductions/parallel-rows.ts';
import { WorkerPool } from './threads/worker-pool.ts';

// An object of our own: for a module as a value, a bundler writes one file more.
export const parallelKernels = {
  ParallelBinary: ParallelBinary,
  WorkerPool: WorkerPool,
  ParallelProduct: ParallelProduct,
  ParallelRows: ParallelRows,
  ParallelUnary: ParallelUnary,
};

export type ParallelKernels = typeof parallelKernels;
