import type { Data } from '../../arrays/dtype.ts';
import { copyElements, SHORT_ELEMENTS } from './copy-elements.ts';
import type { Heap } from './heap.ts';

/**
 * Staging buffers in linear memory, through which arrays pass in chunks.
 *
 * Arrays live outside linear memory, where the garbage collector manages them. A chunk is copied in, processed while it is
 * in the cache, and copied out. Copying runs at memory speed. Each buffer is padded to whole vectors, so a loop may run past
 * the end of a chunk; the extra results are discarded.
 */
export class Staging {
  /** The number of elements of an operand in a chunk. Three float64 operands fit in a second-level cache. */
  static readonly chunk = 1 << 14;

  readonly heap: Heap;
  /** Pointers to the buffers of the result, of two operands, and of a condition stored as bytes. */
  readonly to: number;
  readonly x: number;
  readonly y: number;
  readonly condition: number;

  constructor(heap: Heap) {
    this.heap = heap;
    const bytes = Staging.chunk * 8 + 96;
    this.to = heap.allocate(bytes);
    this.x = heap.allocate(bytes);
    this.y = heap.allocate(bytes);
    this.condition = heap.allocate(Staging.chunk + 96);
  }

  /** Copies `count` elements of `data`, either floats or bytes, to a buffer. */
  copyIn(slot: number, data: Data, from: number, count: number): void {
    const bytes = data.BYTES_PER_ELEMENT;
    copyElements(this.heap.view(bytes), slot / bytes, data, from, count);
  }

  /**
   * Copies `count` elements, either floats or bytes, from a buffer to `data`. `bytes` is their size in the buffer; float64
   * elements are rounded if `data` is float32.
   */
  copyOut(slot: number, data: Data, to: number, count: number, bytes: number = data.BYTES_PER_ELEMENT): void {
    if (count <= SHORT_ELEMENTS) copyElements(data, to, this.heap.view(bytes), slot / bytes, count);
    else data.set(this.heap.window(slot, count, bytes), to);
  }
}
