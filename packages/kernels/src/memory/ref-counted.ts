/** Memory that is handed back when its last holder releases it. */

import type { Data } from '../arrays/dtype.ts';
import { beginWatch, endWatch, free } from './allocate.ts';

/** What has its elements in a typed array: an array, or a view of one. */
interface Stored {
  readonly data: Data;
}

/**
 * Hands memory back as soon as it is known that nobody refers to it: for a computation that owns its intermediate
 * results, such as a backward sweep.
 *
 * Only memory that was allocated by `run`, or between `begin` and `end`, is ever handed back, counted by the typed array that
 * views share; so what comes from elsewhere, or has escaped, is safe.
 */
export class RefCounted {
  readonly #holders = new Map<Data, number>();

  /** Computes a result, and hands back all that was allocated on the way but for the result's own memory. */
  run<A extends Stored>(compute: () => A): A {
    const begun = this.begin();
    let result: A | undefined;
    try {
      result = compute();
      return result;
    } finally {
      this.end(begun, result);
    }
  }

  /** Begins what `run` does: call it, compute, then call `end`. It takes no closure, which hot paths can't afford. */
  begin(): number {
    return beginWatch();
  }

  /** Ends what `begin` began, and gave this number: with a result or, where it failed, none. */
  end(begun: number, result: Stored | undefined): void {
    const allocated = endWatch(begun);
    if (allocated === undefined || result === undefined) return;
    for (const data of allocated) {
      if (data === result.data) this.#holders.set(data, 0);
      else free(data);
    }
  }

  /** Whether it counts the holders of an array's elements, and will hand them back. */
  owns(data: Data): boolean {
    return this.#holders.has(data);
  }

  /** Counts one more holder of an array. */
  retain({ data }: Stored): void {
    if (this.#holders.size === 0) return;
    const holders = this.#holders.get(data);
    if (holders !== undefined) this.#holders.set(data, holders + 1);
  }

  /** Lets an array escape to code that may keep it: its memory is not counted any more, and never handed back. */
  escape({ data }: Stored): void {
    this.#holders.delete(data);
  }

  /** Counts one holder less, and hands the memory back after the last. */
  release({ data }: Stored): void {
    if (this.#holders.size === 0) return;
    const holders = this.#holders.get(data);
    if (holders === undefined) return;
    if (holders > 1) {
      this.#holders.set(data, holders - 1);
    } else {
      this.#holders.delete(data);
      free(data);
    }
  }
}
