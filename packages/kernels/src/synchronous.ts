/** Functions that have to be over when they return. */

import { ArgumentError } from './errors.ts';

/** A value of any kind, as far as it may tell that a function goes on. */
interface Unfinished {
  readonly then?: unknown;
  readonly [Symbol.toStringTag]?: unknown;
}

const ignore = (): void => {};

/**
 * Gives what a callback returned, if the callback is over by then. An asynchronous function and a generator run on when what
 * was in force around them has been put back, so that they are refused.
 *
 * A rejection that a promise leads to is taken: the error here is the one that counts.
 *
 * @param call for the message, as `which` is: the name of the call that was given the callback, and what that is.
 * @throws ArgumentError for a promise, anything else with a `then`, and a generator.
 */
export function checkSynchronous<R>(call: string, result: R, which = 'a function'): R {
  if (result === null || (typeof result !== 'object' && typeof result !== 'function')) return result;
  const { then, [Symbol.toStringTag]: tag } = result as Unfinished;
  if (typeof then === 'function') {
    try {
      then.call(result, ignore, ignore);
    } catch {
      // The error below says what is wrong.
    }
    throw new ArgumentError(
      `${call}: expected ${which} that is not asynchronous; do what has to be awaited before or after the call`,
    );
  }
  if (tag === 'Generator' || tag === 'AsyncGenerator') {
    throw new ArgumentError(
      `${call}: expected ${which} that is over when it returns, got a generator, which runs later`,
    );
  }
  return result;
}
