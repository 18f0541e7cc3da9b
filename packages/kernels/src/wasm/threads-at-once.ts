/** The threads of Node, there from the start: a program that never waits would never see what loads on demand. */

import * as threads from './threads.ts';

export const loadThreads = (use: (loaded: typeof threads) => void): void => use(threads);
