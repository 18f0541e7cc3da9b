/**
 * Where the elements of arrays live.
 *
 * Memory is the garbage collector's, which makes two sizes dear: a small array with a buffer of its own costs ten times
 * what a window on a shared one does, and a large new one is paid for page by page when it is first written.
 */

import { bytesPerElement, type Data, type DType, newData, viewData } from './dtype.ts';

// Small arrays are cut from slabs, as Node's Buffer pool does.
const slabBytes = 1 << 16;
const largestCut = slabBytes >> 3;
let slab = new ArrayBuffer(slabBytes);
let slabUsed = 0;

/** A zeroed typed array; small ones share a buffer. */
export function zeroed(dtype: DType, length: number): Data {
  const bytes = length * bytesPerElement(dtype);
  if (bytes > largestCut) return newData(dtype, length);
  const aligned = (bytes + 15) & ~15;
  if (slabUsed + aligned > slabBytes) {
    slab = new ArrayBuffer(slabBytes);
    slabUsed = 0;
  }
  const data = viewData(dtype, slab, slabUsed, length);
  slabUsed += aligned;
  return data;
}

// Buffers that were handed back, by their length in bytes.
const spare = new Map<number, ArrayBuffer[]>();
let spareBytes = 0;
const mostSpareBytes = 1 << 26;

/** The large allocations of the computations that recyclers watch, one inside the other, while there are any. */
const watched: Data[] = [];
let watching = 0;

/** A typed array whose elements are whatever its memory held. */
export function allocate(dtype: DType, length: number): Data {
  const bytes = length * bytesPerElement(dtype);
  if (bytes <= largestCut) return zeroed(dtype, length);
  const buffer = spare.get(bytes)?.pop();
  if (buffer !== undefined) spareBytes -= bytes;
  const data = buffer === undefined ? newData(dtype, length) : viewData(dtype, buffer, 0, length);
  if (watching > 0) watched.push(data);
  return data;
}

function recycle({ buffer, byteLength }: Data): void {
  if (spareBytes + byteLength > mostSpareBytes) return;
  spareBytes += byteLength;
  const alike = spare.get(byteLength);
  if (alike === undefined) spare.set(byteLength, [buffer as ArrayBuffer]);
  else alike.push(buffer as ArrayBuffer);
}

/** What has its elements in a typed array: an array, or a view of one. */
interface Stored {
  readonly data: Data;
}

/**
 * Hands memory back as soon as it is known that nobody refers to it: for a computation that owns its intermediate
 * results, such as a backward sweep.
 *
 * Only memory that was allocated by `run`, or between `begin` and `end`, is ever handed back, counted by the typed array that views share; so what
 * comes from elsewhere, or was let out, is safe.
 */
export class Recycler {
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

  /** Begins what `run` does; for who can't afford a closure. */
  begin(): number {
    watching++;
    return watched.length;
  }

  /** Ends what `begin` began, and gave this number: with a result or, where it failed, none. */
  end(begun: number, result: Stored | undefined): void {
    watching--;
    if (watched.length === begun) return;
    for (let i = begun; i < watched.length && result !== undefined; i++) {
      if (watched[i] === result.data) this.#holders.set(result.data, 0);
      else recycle(watched[i]!);
    }
    watched.length = begun;
  }

  /** Counts one more holder of an array. */
  hold({ data }: Stored): void {
    if (this.#holders.size === 0) return;
    const holders = this.#holders.get(data);
    if (holders !== undefined) this.#holders.set(data, holders + 1);
  }

  /** Gives an array to whoever may keep it: its memory is not counted any more, and never handed back. */
  letOut({ data }: Stored): void {
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
      recycle(data);
    }
  }
}
