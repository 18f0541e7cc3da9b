import { checkSynchronous } from './synchronous.ts';

/**
 * A value in force while a function runs, such as whether operations are recorded. All such state uses this class.
 *
 * @example
 * const depth = new DynamicScope(0);
 * depth.run(1, () => depth.current); // 1
 * depth.current; // 0
 */
export class DynamicScope<T> {
  /** The value set by the innermost running function, or the initial value. */
  current: T;

  constructor(initial: T) {
    this.current = initial;
  }

  /**
   * Runs `body` with a value, and restores the old one even if `body` throws.
   *
   * @param call the name of the call, for messages. If given, a `body` that returns a promise is refused, since the
   * value would be restored before the promise settles.
   */
  run<R>(value: T, body: () => R, call?: string): R {
    const before = this.current;
    this.current = value;
    try {
      const result = body();
      return call === undefined ? result : checkSynchronous(call, result);
    } finally {
      this.current = before;
    }
  }
}
