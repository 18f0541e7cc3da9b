/** The time limit of a formula. */

/** Thrown if a formula takes too long. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

export class Deadline {
  #end: number;

  /**
   *
   * @param milliseconds the time from now.
   */
  constructor(milliseconds: number) {
    this.#end = Date.now() + milliseconds;
  }

  get isOver(): boolean {
    return Date.now() > this.#end;
  }

  /** Postpones the deadline by time in which nothing was computed. */
  extend(milliseconds: number): void {
    this.#end += milliseconds;
  }

  check(): void {
    if (this.isOver) throw new OutOfTime();
  }
}

/** A time limit for each of several keys. The time may be spent in several turns. */
export class Allowance<K extends object> {
  readonly #each: number;
  readonly #spent = new WeakMap<K, number>();

  /**
   *
   * @param each the limit for each key, in milliseconds.
   */
  constructor(each: number) {
    this.#each = each;
  }

  /** Calls `work` with the time that remains for a key. */
  spend<T>(on: K, work: (deadline: Deadline) => T): T {
    const before = this.#spent.get(on) ?? 0;
    const start = Date.now();
    try {
      return work(new Deadline(this.#each - before));
    } finally {
      this.#spent.set(on, before + Date.now() - start);
    }
  }

  /** Spends time like `spend`, for a computation in small steps. The pauses between the steps don't count. */
  *spendGradually<T>(
    on: K,
    work: (deadline: Deadline) => Generator<undefined, T, undefined>,
  ): Generator<undefined, T, undefined> {
    const deadline = new Deadline(this.#each - (this.#spent.get(on) ?? 0));
    const bits = work(deadline);
    for (;;) {
      const start = Date.now();
      const { done, value } = bits.next();
      this.#spent.set(on, (this.#spent.get(on) ?? 0) + Date.now() - start);
      if (done === true) return value;
      const pause = Date.now();
      yield;
      deadline.extend(Date.now() - pause);
    }
  }
}
