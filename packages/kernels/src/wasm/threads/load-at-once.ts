/** The threads of Node, there from the start: a program that never waits would never see what loads on demand. */

import { type ParallelKernels, parallelKernels } from '../parallel-kernels.ts';

export const loadParallelKernels = (use: (loaded: ParallelKernels) => void, _fail: (error: unknown) => void): void =>
  use(parallelKernels);
