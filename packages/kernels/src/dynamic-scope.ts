import { checkSynchronous } from './synchronous.ts';

/**
 * A value that holds while a function runs: whether operations are recorded, say. All state of that kind is one of these.
 *
 * @example
 * const depth = new DynamicScope(0);
 * depth.run(1, () => depth.current); // 1
 * depth.current; // 0
 */
export class DynamicScope<T> {
  /** The value of the innermost function that runs, or the initial one. */
  current: T;

  constructor(initial: T) {
    this.current = initial;
  }

  /**
   * Runs `body` with a value, and puts the old one back even if `body` throws.
   *
   * @param call the name for messages; where it is given, a `body` that returns a promise is refused, since the value would
   * be put back before that is done.
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
