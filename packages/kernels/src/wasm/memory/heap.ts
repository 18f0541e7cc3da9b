/** A linear memory, its views, and two ways to allocate in it: permanently or on a stack. */

import type { NdArray } from '../../arrays/array.ts';
import type { Data } from '../../arrays/dtype.ts';
import { MAX_OWN_BYTES } from '../../memory/slab.ts';
import { HostRefusal, type WasmMemory, webAssembly } from '../assembler/web-assembly.ts';

const PAGE_BYTES = 65_536;
/** The maximum size of a memory: 2 GiB, so that a pointer is a positive 32-bit integer. */
const MAXIMUM_PAGES = 32_768;
/**
 * The least maximum size that is accepted: 64 MiB. With less, there would be too little room for the blocks of matrix
 * products and convolutions.
 */
const LEAST_MAXIMUM_PAGES = 1024;
const INITIAL_PAGES = 16;
/** The first stack chunk, large enough for a small matrix product. */
const FIRST_CHUNK_BYTES = 262_144;
/** The alignment of every allocation: a cache line. */
const ALIGNMENT_BYTES = 64;
/**
 * The number of bytes that a kernel may read or write past the end of an allocation, since its last vector may be only
 * partly used.
 */
export const SLACK_BYTES = 256;

/** The number of cached typed-array views. */
const CACHED_WINDOWS = 512;

interface Chunk {
  readonly start: number;
  readonly end: number;
}

/** A stack allocator: memory is freed in the reverse order of allocation. */
export class StackAllocator {
  readonly #allocate: (bytes: number) => number;
  /**
   * The chunks of the stack, since allocations can't move. `#chunk` is the index of the current one, and `#top` its first
   * free byte.
   */
  readonly #chunks: Chunk[] = [];
  #chunk = 0;
  #top: number;

  /** Creates a stack of chunks, which `allocate` allocates permanently. The first chunk has `first` bytes. */
  constructor(allocate: (bytes: number) => number, first: number) {
    this.#allocate = allocate;
    this.#top = this.#addChunk(first);
  }

  /** Returns the top of the stack, to return to with `release`. */
  mark(): number {
    return this.#top;
  }

  /** Allocates `bytes` bytes until an earlier mark is released. */
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

  clear(): void {
    this.#chunk = 0;
    this.#top = this.#chunks[0]!.start;
  }

  /**
   * Moves to the next chunk that is long enough. A new chunk is as long as all existing ones together, if there is room for
   * that.
   */
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
 * - `allocate` is for data that lives as long as the memory.
 * - `mark`, `reserve` and `release` form a stack for data used within a call.
 *
 * Growth detaches every view of the memory, so read `f32` and the other views again after `allocate` and `reserve`.
 * Allocations are not cleared.
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
  /** The maximum size of the memory, in pages. */
  readonly #maximum: number;
  /** The memory's current buffer and, if shared, its buffers from before it grew, which remain valid. */
  readonly #shared = new WeakSet<ArrayBufferLike>();
  /** The first byte that has never been allocated. */
  #top = ALIGNMENT_BYTES;
  readonly #stack: StackAllocator;

  /** Throws a `HostRefusal` if the host can't provide even a small memory. */
  constructor({ shared = false }: { readonly shared?: boolean } = {}) {
    this.shared = shared;
    [this.memory, this.#maximum] = largestMemory(shared);
    this.#view();
    this.#stack = this.stack(FIRST_CHUNK_BYTES);
  }

  /** The maximum size of the memory, in bytes. */
  get mostBytes(): number {
    return this.#maximum * PAGE_BYTES;
  }

  /** The whole memory as float32: element `pointer / 4` is at `pointer`. */
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

  /** Returns the whole memory as bytes, float32 or float64, for an element size of 1, 4 or 8 bytes. */
  view(bytes: number): Data {
    if (bytes === 1) return this.#u8;
    return bytes === 4 ? this.#f32 : this.#f64;
  }

  /**
   * Returns a view of `length` elements from a pointer on, with the same element types as `view`. Creating a view takes
   * longer than copying a small one, so recent views are cached. Growth clears the cache.
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

  /** Allocates `bytes` bytes permanently. Throws a `HostRefusal` if the memory is used up. */
  allocate(bytes: number): number {
    const pointer = this.#top;
    const top = pointer + aligned(bytes);
    if (top + SLACK_BYTES > this.#capacity) {
      this.#grow(Math.ceil((top + SLACK_BYTES - this.#capacity) / PAGE_BYTES));
    }
    this.#top = top;
    return pointer;
  }

  /** Creates a separate stack, initially with `first` bytes. */
  stack(first: number): StackAllocator {
    return new StackAllocator((bytes) => this.allocate(bytes), first);
  }

  /** Returns the top of the stack, to return to with `release`. */
  mark(): number {
    return this.#stack.mark();
  }

  /** Allocates `bytes` bytes on the stack until an earlier mark is released. */
  reserve(bytes: number): number {
    return this.#stack.reserve(bytes);
  }

  release(mark: number): void {
    this.#stack.release(mark);
  }

  /** Frees the whole stack, including allocations of calls that failed before releasing them. */
  clear(): void {
    this.#stack.clear();
  }

  /** Returns an array's address if it lies in this memory and the memory is shared between threads, otherwise undefined. */
  locate(data: Data): number | undefined {
    // Reading the `buffer` of an array that has none yet would create one.
    if (data.byteLength <= MAX_OWN_BYTES) return undefined;
    return this.#shared.has(data.buffer) ? data.byteOffset : undefined;
  }

  /** Returns the address of a contiguous array, after copying it onto the stack if it isn't in this memory. */
  place({ data, offset, size }: NdArray): number {
    const { BYTES_PER_ELEMENT: bytes } = data;
    const start = this.locate(data);
    if (start !== undefined) return start + offset * bytes;
    const pointer = this.reserve(size * bytes + SLACK_BYTES);
    this.view(bytes).set(data.subarray(offset, offset + size), pointer / bytes);
    return pointer;
  }

  /** Grows the memory by at least `pages`. Since growth detaches the views, tries to grow by a quarter if that is more. */
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
 * Creates a memory that can grow to 2 GiB. If the host refuses, halves the maximum until the host accepts it. Some
 * hosts reserve address space for the maximum size of a shared memory, or have little address space.
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

/** Rounds up to whole cache lines. */
const aligned = (bytes: number): number => bytes + (-bytes & (ALIGNMENT_BYTES - 1));

const lengthOf = (chunk: Chunk): number => chunk.end - chunk.start;

const contains = (chunk: Chunk, pointer: number): boolean => pointer >= chunk.start && pointer <= chunk.end;
