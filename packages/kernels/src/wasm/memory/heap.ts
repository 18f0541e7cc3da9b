/** One linear memory, its views, and two ways to get room in it. */

import type { NdArray } from '../../arrays/array.ts';
import type { Data } from '../../arrays/dtype.ts';
import { MAX_OWN_BYTES } from '../../memory/slab.ts';
import { HostRefusal, type WasmMemory, webAssembly } from '../assembler/web-assembly.ts';

const PAGE_BYTES = 65_536;
/** 2 GiB, so that a pointer is a positive 32-bit integer. */
const MAXIMUM_PAGES = 32_768;
/** 64 MiB: with less there is no room for the blocks of products and convolutions. */
const LEAST_MAXIMUM_PAGES = 1024;
const INITIAL_PAGES = 16;
/** Holds what a small product needs. */
const FIRST_CHUNK_BYTES = 262_144;
/** A cache line: every piece starts on one. */
const ALIGNMENT_BYTES = 64;
/** A kernel may read, or write, this far past the end of a piece, whose last vector is cut off after the computation. */
export const SLACK_BYTES = 256;

/** Windows that are kept. */
const CACHED_WINDOWS = 512;

interface Chunk {
  readonly start: number;
  readonly end: number;
}

/** Room that is taken back in the order opposite to that in which it was given out. */
export class StackAllocator {
  readonly #allocate: (bytes: number) => number;
  /** It is laid in chunks, since a piece given out can't move; the one in use, and its first free byte. */
  readonly #chunks: Chunk[] = [];
  #chunk = 0;
  #top: number;

  /** Of chunks that `allocate` gives for good; the first has so many bytes. */
  constructor(allocate: (bytes: number) => number, first: number) {
    this.#allocate = allocate;
    this.#top = this.#addChunk(first);
  }

  /** The top, to return to with `release`. */
  mark(): number {
    return this.#top;
  }

  /** Room for `bytes`, until the `release` of a mark taken before. */
  reserve(bytes: number): number {
    const pointer = this.#top;
    const end = pointer + aligned(bytes);
    if (end > this.#chunks[this.#chunk]!.end) return this.#reserveElsewhere(bytes);
    this.#top = end;
    return pointer;
  }

  release(mark: number): void {
    this.#top = mark;
    while (!contains(this.#chunks[this.#chunk]!, mark)) this.#chunk -= 1;
  }

  /** Takes everything back. */
  clear(): void {
    this.#chunk = 0;
    this.#top = this.#chunks[0]!.start;
  }

  /** Goes to the next chunk that is long enough; a new one is as long as all before it, where there is room for that. */
  #reserveElsewhere(bytes: number): number {
    let next = this.#chunk + 1;
    while (next < this.#chunks.length && lengthOf(this.#chunks[next]!) < bytes) next += 1;
    if (next === this.#chunks.length) {
      const all = this.#chunks.reduce((total, chunk) => total + lengthOf(chunk), 0);
      try {
        this.#addChunk(Math.max(bytes, all));
      } catch (error) {
        if (bytes >= all) throw error;
        this.#addChunk(bytes);
      }
    }
    this.#chunk = next;
    this.#top = this.#chunks[next]!.start;
    return this.reserve(bytes);
  }

  #addChunk(bytes: number): number {
    const start = this.#allocate(bytes);
    this.#chunks.push({ start, end: start + aligned(bytes) });
    return start;
  }
}

/**
 * A WebAssembly memory that grows as needed.
 *
 * - `allocate` is for what lives as long as the memory.
 * - `mark`, `reserve` and `release` are a stack for the length of a call.
 *
 * Growth detaches every view of the memory: read `f32` and its like anew after `allocate` and `reserve`.
 * Pieces are not cleared.
 *
 * @example
 * const mark = heap.mark();
 * const pointer = heap.reserve(4 * x.length);
 * heap.f32.set(x, pointer / 4);
 * heap.release(mark);
 */
export class Heap {
  readonly memory: WasmMemory;
  readonly shared: boolean;
  #f32: Float32Array = new Float32Array(0);
  #f64: Float64Array = new Float64Array(0);
  #i32: Int32Array = new Int32Array(0);
  #u8: Uint8Array = new Uint8Array(0);
  readonly #windows: Data[] = [];
  readonly #pointers: number[] = new Array<number>(CACHED_WINDOWS).fill(0);
  readonly #extents: number[] = new Array<number>(CACHED_WINDOWS).fill(0);
  #capacity = 0;
  /** Pages that the memory can have. */
  readonly #maximum: number;
  /** The memory as it is, and as it was before it grew, which is seen as well where it is shared. */
  readonly #shared = new WeakSet<ArrayBufferLike>();
  /** Everything from here on has never been given out. */
  #top = ALIGNMENT_BYTES;
  readonly #stack: StackAllocator;

  /** Throws a `HostRefusal` where the host gives no memory, however small. */
  constructor({ shared = false }: { readonly shared?: boolean } = {}) {
    this.shared = shared;
    [this.memory, this.#maximum] = largestMemory(shared);
    this.#view();
    this.#stack = this.stack(FIRST_CHUNK_BYTES);
  }

  /** How far the memory can grow. */
  get mostBytes(): number {
    return this.#maximum * PAGE_BYTES;
  }

  /** The whole memory, as float32: element `pointer / 4` is at `pointer`. */
  get f32(): Float32Array {
    return this.#f32;
  }

  get f64(): Float64Array {
    return this.#f64;
  }

  get i32(): Int32Array {
    return this.#i32;
  }

  get u8(): Uint8Array {
    return this.#u8;
  }

  /** The whole memory as floats, or bytes, of so many bytes. */
  view(bytes: number): Data {
    if (bytes === 1) return this.#u8;
    return bytes === 4 ? this.#f32 : this.#f64;
  }

  /**
   * What `view` gives, from a pointer on, of a length. To make one takes longer than to copy a small one, so those made
   * lately are kept; growth empties them.
   */
  window(pointer: number, length: number, bytes: number): Data {
    const place = ((pointer >> 6) + length) & (CACHED_WINDOWS - 1);
    const extent = length * 16 + bytes;
    if (this.#pointers[place] === pointer && this.#extents[place] === extent) return this.#windows[place]!;
    const from = pointer / bytes;
    const made = this.view(bytes).subarray(from, from + length);
    this.#pointers[place] = pointer;
    this.#extents[place] = extent;
    this.#windows[place] = made;
    return made;
  }

  /** Room for `bytes`, for good. Throws a `HostRefusal` where the memory is used up. */
  allocate(bytes: number): number {
    const pointer = this.#top;
    const top = pointer + aligned(bytes);
    if (top + SLACK_BYTES > this.#capacity) {
      this.#grow(Math.ceil((top + SLACK_BYTES - this.#capacity) / PAGE_BYTES));
    }
    this.#top = top;
    return pointer;
  }

  /** A stack of its own, which begins with room for so many bytes. */
  stack(first: number): StackAllocator {
    return new StackAllocator((bytes) => this.allocate(bytes), first);
  }

  /** The top of the stack, to return to with `release`. */
  mark(): number {
    return this.#stack.mark();
  }

  /** Room for `bytes` on the stack, until the `release` of a mark taken before. */
  reserve(bytes: number): number {
    return this.#stack.reserve(bytes);
  }

  release(mark: number): void {
    this.#stack.release(mark);
  }

  /** Takes back all that was reserved, by who did not come to its end. */
  clear(): void {
    this.#stack.clear();
  }

  /** Where a typed array lies, if it lies in this memory, which threads share. */
  locate(data: Data): number | undefined {
    // To ask for the buffer of an array that has none yet would make one.
    if (data.byteLength <= MAX_OWN_BYTES) return undefined;
    return this.#shared.has(data.buffer) ? data.byteOffset : undefined;
  }

  /** Where a contiguous array lies: where it is, or copied onto the stack. */
  place({ data, offset, size }: NdArray): number {
    const { BYTES_PER_ELEMENT: bytes } = data;
    const start = this.locate(data);
    if (start !== undefined) return start + offset * bytes;
    const pointer = this.reserve(size * bytes + SLACK_BYTES);
    this.view(bytes).set(data.subarray(offset, offset + size), pointer / bytes);
    return pointer;
  }

  /** By so many pages or, since growth detaches the views, by more, where the host gives as much. */
  #grow(pages: number): void {
    const now = this.#capacity / PAGE_BYTES;
    const more = Math.min(this.#maximum - now, Math.floor(now / 4));
    try {
      this.memory.grow(Math.max(pages, more));
    } catch {
      try {
        this.memory.grow(pages);
      } catch (error) {
        throw new HostRefusal('memory', this.shared, error);
      }
    }
    this.#view();
  }

  #view(): void {
    const { buffer } = this.memory;
    this.#capacity = buffer.byteLength;
    this.#f32 = new Float32Array(buffer);
    this.#f64 = new Float64Array(buffer);
    this.#i32 = new Int32Array(buffer);
    this.#u8 = new Uint8Array(buffer);
    this.#pointers.fill(0);
    if (this.shared) this.#shared.add(buffer);
  }
}

/**
 * A memory that can grow to 2 GiB or, where the host refuses that, to half as much, and so on: some set the address space of
 * a shared memory's maximum aside, or have less of it.
 */
function largestMemory(shared: boolean): [memory: WasmMemory, maximum: number] {
  if (webAssembly === undefined) throw new HostRefusal('memory', shared);
  for (let maximum = MAXIMUM_PAGES; ; maximum /= 2) {
    try {
      return [new webAssembly.Memory({ initial: INITIAL_PAGES, maximum, shared }), maximum];
    } catch (error) {
      if (maximum <= LEAST_MAXIMUM_PAGES) throw new HostRefusal('memory', shared, error);
    }
  }
}

/** Rounded up to whole cache lines. */
const aligned = (bytes: number): number => bytes + (-bytes & (ALIGNMENT_BYTES - 1));

const lengthOf = (chunk: Chunk): number => chunk.end - chunk.start;

const contains = (chunk: Chunk, pointer: number): boolean => pointer >= chunk.start && pointer <= chunk.end;
