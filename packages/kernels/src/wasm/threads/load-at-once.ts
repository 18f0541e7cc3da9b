/**
 * Loads the parallel kernels statically, in Node. A program that never yields to the event loop would never see a
 * dynamic import finish.
 */

import { type ParallelKernels, parallelKernels } from '../parallel-kernels.ts';

export const loadParallelKernels = (use: (loaded: ParallelKernels) => void, _fail: (error: unknown) => void): void =>
  use(parallelKernels);
