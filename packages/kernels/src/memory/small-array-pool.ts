/** The small arrays of arenas. */

import type { Data, DType } from '../arrays/dtype.ts';
import { zeroed } from './slab.ts';

/** A small array that arenas use one after the other. */
export interface PooledArray {
  readonly data: Data;
  /** The free arrays of its size class, to which it goes back. */
  readonly free: PooledArray[];
  /** The arena that uses it at the moment. */
  user: object | undefined;
}

/** Bytes of small arrays that are kept. */
const MAX_POOLED_BYTES = 1 << 25;

/**
 * The small arrays that arenas use, in size classes: by dtype and length. To make and to clear one takes as long as to compute
 * what goes into it, so they are kept as they are.
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

  /** Takes an array for an arena; none where so many are in use that no more are to be kept. */
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

  /** The arena that uses an array, if one does. */
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

  /** Forgets the arrays that are free. */
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
