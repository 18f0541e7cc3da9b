/** The threads of Node, there from the start: a program that never waits would never see what loads on demand. */

import { BinaryTasks, Crew, ProductTasks, ReductionTasks, UnaryTasks } from './threads.ts';

// An object of our own, since a module's as a value takes a bundler one more file.
const threads = { BinaryTasks, Crew, ProductTasks, ReductionTasks, UnaryTasks };

export const loadThreads = (use: (loaded: typeof threads) => void): void => use(threads);
