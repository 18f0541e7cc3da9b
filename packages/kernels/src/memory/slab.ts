/**
 * Small arrays, cut from buffers that they share.
 *
 * Memory is the garbage collector's, which makes two sizes expensive. A small array with a buffer of its own costs ten times
 * what a window on a shared one does; a large new one is paid for page by page when it is first written.
 */

import { bytesPerElement, type Data, type DType, newData, viewData } from '../arrays/dtype.ts';

/**
 * Arrays up to this size have memory of their own: engines keep so few bytes inside the object and make no buffer. A loss or a
 * metric that is kept therefore holds no more than itself.
 */
export const MAX_OWN_BYTES = 64;

/** Cuts small arrays from a buffer, as Node's `Buffer` does. While one of them lives, so does the whole buffer. */
class Slab {
  readonly #size: number;
  #buffer: ArrayBuffer | undefined;
  #used = 0;

  constructor(size: number) {
    this.#size = size;
  }

  cut(dtype: DType, length: number, bytes: number): Data {
    const aligned = (bytes + 15) & ~15;
    if (this.#buffer === undefined || this.#used + aligned > this.#size) {
      this.#buffer = new ArrayBuffer(this.#size);
      this.#used = 0;
    }
    const data = viewData(dtype, this.#buffer, this.#used, length);
    this.#used += aligned;
    return data;
  }
}

/** The size of the largest array that is cut from a slab. */
export const MAX_SLAB_ARRAY_BYTES = 1 << 13;
// The smaller the array, the smaller the slab that it may keep alive alone.
const slabs = { small: new Slab(1 << 13), medium: new Slab(1 << 14), large: new Slab(1 << 16) };

/** A zeroed typed array; small ones share a buffer, and the smallest have none. */
export function zeroed(dtype: DType, length: number): Data {
  const bytes = length * bytesPerElement(dtype);
  if (bytes <= MAX_OWN_BYTES || bytes > MAX_SLAB_ARRAY_BYTES) return newData(dtype, length);
  const slab = bytes <= 256 ? slabs.small : bytes <= 1024 ? slabs.medium : slabs.large;
  return slab.cut(dtype, length, bytes);
}
