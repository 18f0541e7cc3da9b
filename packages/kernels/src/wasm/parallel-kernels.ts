/** The code needed only by a program with enough work for several threads, loaded separately where possible. */

import { ParallelBinary } from './elementwise/parallel-binary.ts';
import { ParallelUnary } from './elementwise/parallel-unary.ts';
import { ParallelProduct } from './matmul/parallel.ts';
import { ParallelRows } from './reductions/parallel-rows.ts';
import { WorkerPool } from './threads/worker-pool.ts';

// A plain object: for a module namespace used as a value, a bundler writes an extra file.
export const parallelKernels = {
  ParallelBinary: ParallelBinary,
  WorkerPool: WorkerPool,
  ParallelProduct: ParallelProduct,
  ParallelRows: ParallelRows,
  ParallelUnary: ParallelUnary,
};

export type ParallelKernels = typeof parallelKernels;
