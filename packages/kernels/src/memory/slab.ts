/**
 * Small arrays, cut from shared buffers.
 *
 * The garbage collector makes two kinds of array expensive. A small array with its own buffer costs ten times as much
 * as a view of a shared buffer. A new large array incurs a page fault for each page when first written.
 */

import { bytesPerElement, type Data, type DType, newData, viewData } from '../arrays/dtype.ts';

/**
 * The size in bytes up to which an array has its own memory. Engines store such small arrays inside the object, without
 * a separate buffer. Keeping a loss or a metric therefore doesn't keep a slab alive.
 */
export const MAX_OWN_BYTES = 64;

/** Cuts small arrays from a buffer, as Node's `Buffer` does. The whole buffer stays alive while any of its arrays does. */
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

/** The size in bytes of the largest array that is cut from a slab. */
export const MAX_SLAB_ARRAY_BYTES = 1 << 13;
// Smaller arrays use smaller slabs, so that one surviving array keeps less memory alive.
const slabs = { small: new Slab(1 << 13), medium: new Slab(1 << 14), large: new Slab(1 << 16) };

/** Allocates a zeroed typed array. Small arrays share a buffer; the smallest have their own memory. */
export function zeroed(dtype: DType, length: number): Data {
  const bytes = length * bytesPerElement(dtype);
  if (bytes <= MAX_OWN_BYTES || bytes > MAX_SLAB_ARRAY_BYTES) return newData(dtype, length);
  const slab = bytes <= 256 ? slabs.small : bytes <= 1024 ? slabs.medium : slabs.large;
  return slab.cut(dtype, length, bytes);
}
