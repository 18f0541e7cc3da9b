/** The threads of Node, there from the start: a program that never waits would never see what loads on demand. */

import { type Threads, threads } from './threads.ts';

export const loadThreads = (use: (loaded: Threads) => void): void => use(threads);
