/** The pool of small arrays used by arenas. */

import type { Data, DType } from '../arrays/dtype.ts';
import { zeroed } from './slab.ts';

/** A small array, used by one arena after another. */
export interface PooledArray {
  readonly data: Data;
  /** The free list of the array's size class, to which the array is returned. */
  readonly free: PooledArray[];
  user: object | undefined;
}

/** The maximum total size of the pooled arrays, in bytes. */
const MAX_POOLED_BYTES = 1 << 25;

/**
 * Small arrays for arenas, pooled by dtype and length. Creating and clearing an array takes as long as computing its
 * contents, so arrays are reused without clearing.
 */
export class SmallArrayPool {
  readonly #free: { readonly [D in DType]: Map<number, PooledArray[]> } = {
    float32: new Map(),
    float64: new Map(),
    int32: new Map(),
    bool: new Map(),
  };
  readonly #pooled = new Map<Data, PooledArray>();
  #bytes = 0;

  /** Takes an array for an arena. Returns undefined if the arrays in use leave no room in the pool. */
  take(dtype: DType, length: number, bytes: number, user: object): PooledArray | undefined {
    const ofType = this.#free[dtype];
    let free = ofType.get(length);
    if (free === undefined) {
      free = [];
      ofType.set(length, free);
    }
    const pooled = free.pop() ?? this.#add(dtype, length, bytes, free);
    if (pooled !== undefined) pooled.user = user;
    return pooled;
  }

  giveBack(pooled: PooledArray): void {
    pooled.user = undefined;
    pooled.free.push(pooled);
  }

  /** The arena that currently uses an array, if any. */
  userOf(data: Data): object | undefined {
    return this.#pooled.get(data)?.user;
  }

  #add(dtype: DType, length: number, bytes: number, free: PooledArray[]): PooledArray | undefined {
    if (this.#bytes + bytes > MAX_POOLED_BYTES) this.#clear();
    if (this.#bytes + bytes > MAX_POOLED_BYTES) return undefined;
    this.#bytes += bytes;
    const pooled: PooledArray = { data: zeroed(dtype, length), free, user: undefined };
    this.#pooled.set(pooled.data, pooled);
    return pooled;
  }

  /** Drops all free arrays from the pool. */
  #clear(): void {
    for (const free of Object.values(this.#free).flatMap((ofType) => [...ofType.values()])) {
      for (const { data } of free) {
        this.#pooled.delete(data);
        this.#bytes -= data.byteLength;
      }
      free.length = 0;
    }
  }
}
