import { checkSynchronous } from './synchronous.ts';

/**
 * Holds a value that is set for the duration of a function call, such as whether operations are recorded. All such
 * state uses this class.
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
   * @param call The name of the calling function, for error messages. If it is given, throws for a `body` that returns
   * a promise, since the value would be restored before the promise settles.
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
