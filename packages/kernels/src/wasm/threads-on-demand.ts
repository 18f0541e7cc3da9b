/** The threads of a page, loaded when they are first wanted. Where they can't be, there is no help, which harms nobody. */

import type { Threads } from './threads.ts';

export const loadThreads = (use: (loaded: Threads) => void): void => {
  import('./threads.ts').then(
    ({ threads }) => use(threads),
    () => {},
  );
};
