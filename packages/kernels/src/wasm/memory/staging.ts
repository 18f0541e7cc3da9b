import type { Data } from '../../arrays/dtype.ts';
import type { Heap } from './heap.ts';

/**
 * The room in linear memory through which chunks of arrays pass.
 *
 * Arrays live outside, where the garbage collector sees them; a chunk is copied in, worked on while it lies in the cache,
 * and copied out. Copying runs at the speed of memory, and a slot has room for whole vectors, so that a loop may run
 * over the end of what was copied: what it reads there is never seen.
 */
export class Staging {
  /** Elements of an operand that pass at a time: three operands of float64 fit a second-level cache. */
  static readonly chunk = 1 << 14;

  readonly heap: Heap;
  /** Pointers: of the result, of two operands, and of a condition in bytes. */
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

  /** Copies `count` floats, or bytes, of `data` to a slot. */
  copyIn(slot: number, data: Data, from: number, count: number): void {
    const source = from === 0 && data.length === count ? data : data.subarray(from, from + count);
    this.heap.view(data.BYTES_PER_ELEMENT).set(source, slot / data.BYTES_PER_ELEMENT);
  }

  /** Copies `count` floats, or bytes, of a slot to `data`; those of other `bytes` than the data's are rounded. */
  copyOut(slot: number, data: Data, to: number, count: number, bytes: number = data.BYTES_PER_ELEMENT): void {
    data.set(this.heap.window(slot, count, bytes), to);
  }
}
