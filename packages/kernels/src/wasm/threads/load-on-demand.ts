/**
 * Loads the parallel kernels in a browser when they are first wanted. If loading fails, the program runs on one
 * thread.
 */

import type { ParallelKernels } from '../parallel-kernels.ts';

export const loadParallelKernels = (use: (loaded: ParallelKernels) => void, fail: (error: unknown) => void): void => {
  import('../parallel-kernels.ts').then(({ parallelKernels }) => use(parallelKernels), fail);
};
