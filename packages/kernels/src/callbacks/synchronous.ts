/** Checks that callbacks are finished when they return. */

import { ArgumentError } from '../error-classes.ts';

/** Any value, with the properties that show whether a function is still running. */
interface Unfinished {
  readonly then?: unknown;
  readonly [Symbol.toStringTag]?: unknown;
}

const ignore = (): void => {};

/**
 * Returns a callback's result if the callback has finished. Refuses asynchronous functions and generators, since they
 * would continue after the state around the callback has been restored.
 *
 * If a promise is later rejected, the rejection is ignored: the error thrown here is the one that counts.
 *
 * @param call The name of the function that was given the callback, for the message.
 * @param which a description of the callback for the message. Defaults to 'a function'.
 * @throws ArgumentError for a promise, any other object with a `then` method, or a generator.
 */
export function checkSynchronous<R>(call: string, result: R, which = 'a function'): R {
  if (result === null || (typeof result !== 'object' && typeof result !== 'function')) return result;
  const { then, [Symbol.toStringTag]: tag } = result as Unfinished;
  if (typeof then === 'function') {
    try {
      then.call(result, ignore, ignore);
    } catch {
      // The error below explains the problem.
    }
    throw new ArgumentError(`${call}: expected ${which} that is synchronous; await before or after the call`);
  }
  if (tag === 'Generator' || tag === 'AsyncGenerator') {
    throw new ArgumentError(
      `${call}: expected ${which} that is finished when it returns, got a generator, which runs later`,
    );
  }
  return result;
}
