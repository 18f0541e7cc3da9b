/** The time that a formula may take. */

/** A formula took too long. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

export class Deadline {
  readonly #end: number;

  /** @param milliseconds from now. */
  constructor(milliseconds: number) {
    this.#end = Date.now() + milliseconds;
  }

  get isOver(): boolean {
    return Date.now() > this.#end;
  }

  check(): void {
    if (this.isOver) throw new OutOfTime();
  }
}

/** The time that each of several things may take in all, however often it is taken up again. */
export class Allowance<K extends object> {
  readonly #each: number;
  readonly #spent = new WeakMap<K, number>();

  /** @param each milliseconds. */
  constructor(each: number) {
    this.#each = each;
  }

  /** Calls `work` with what is left for a thing. */
  spend<T>(on: K, work: (deadline: Deadline) => T): T {
    const before = this.#spent.get(on) ?? 0;
    const start = Date.now();
    try {
      return work(new Deadline(this.#each - before));
    } finally {
      this.#spent.set(on, before + Date.now() - start);
    }
  }
}
