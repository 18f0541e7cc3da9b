/** The threads of a page, loaded when they are first wanted. Where they can't be, there is no help, which harms nobody. */

import type { ParallelKernels } from '../parallel-kernels.ts';

export const loadParallelKernels = (use: (loaded: ParallelKernels) => void, fail: (error: unknown) => void): void => {
  import('../parallel-kernels.ts').then(({ parallelKernels }) => use(parallelKernels), fail);
};
