/** Memory that is freed when its last holder releases it. */

import type { Data } from '../arrays/dtype.ts';
import { beginWatch, endWatch, free } from './allocate.ts';

/** An array, or a view of one, whose elements are in a typed array. */
interface Stored {
  readonly data: Data;
}

/**
 * Frees memory as soon as it is no longer referenced, for computations that own their intermediate results, such as a
 * backward sweep.
 *
 * Only memory allocated within `run`, or between `begin` and `end`, is ever freed, and only if it isn't passed to
 * `escape`. References are counted per typed array, since views share one.
 */
export class RefCounted {
  readonly #holders = new Map<Data, number>();

  /** Computes a result and frees all large arrays allocated during the computation, except the result's own memory. */
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

  /** Starts a computation as `run` does; call `end` after it. Hot paths use this to avoid creating a closure. */
  begin(): number {
    return beginWatch();
  }

  /**
   * Ends the computation started by `begin`. `begun` is the number `begin` returned; `result` is undefined if the
   * computation failed.
   */
  end(begun: number, result: Stored | undefined): void {
    const allocated = endWatch(begun);
    if (allocated === undefined || result === undefined) return;
    for (const data of allocated) {
      if (data === result.data) this.#holders.set(data, 0);
      else free(data);
    }
  }

  /** Whether the references to an array are counted here, so that its memory will be freed after the last one. */
  owns(data: Data): boolean {
    return this.#holders.has(data);
  }

  /** Adds a holder of an array. */
  retain({ data }: Stored): void {
    if (this.#holders.size === 0) return;
    const holders = this.#holders.get(data);
    if (holders !== undefined) this.#holders.set(data, holders + 1);
  }

  /** Stops tracking an array that other code may keep, so that its memory is never freed here. */
  escape({ data }: Stored): void {
    this.#holders.delete(data);
  }

  /** Removes a holder of an array, and frees its memory after the last one. */
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
