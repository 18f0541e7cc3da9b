/**
 * Where the elements of arrays live.
 *
 * Memory is the garbage collector's, which makes two sizes dear: a small array with a buffer of its own costs ten times
 * what a window on a shared one does, and a large new one is paid for page by page when it is first written.
 */

import { bytesPerElement, type Data, type DType, newData, viewData } from './arrays/dtype.ts';

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

const MAX_SLAB_ARRAY_BYTES = 1 << 13;
// The smaller the array, the smaller the slab that it may keep alive alone.
const slabs = { small: new Slab(1 << 13), medium: new Slab(1 << 14), large: new Slab(1 << 16) };

/** A zeroed typed array; small ones share a buffer, and the smallest have none. */
export function zeroed(dtype: DType, length: number): Data {
  const bytes = length * bytesPerElement(dtype);
  if (bytes <= MAX_OWN_BYTES || bytes > MAX_SLAB_ARRAY_BYTES) return newData(dtype, length);
  const slab = bytes <= 256 ? slabs.small : bytes <= 1024 ? slabs.medium : slabs.large;
  return slab.cut(dtype, length, bytes);
}

/** Where a large array lies: in a buffer of its own, or in a memory that threads share. */
export interface MemoryBlock {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
}

/** Places that were handed back, by their length in bytes. */
class FreeList {
  readonly #most: number;
  readonly #places = new Map<number, MemoryBlock[]>();
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  take(bytes: number): MemoryBlock | undefined {
    const place = this.#places.get(bytes)?.pop();
    if (place !== undefined) this.#bytes -= bytes;
    return place;
  }

  give(bytes: number, place: MemoryBlock): void {
    if (this.#bytes + bytes > this.#most) return;
    this.#bytes += bytes;
    const alike = this.#places.get(bytes);
    if (alike === undefined) this.#places.set(bytes, [place]);
    else alike.push(place);
  }
}

const spare = new FreeList(1 << 26);

/** A small array that arenas give out, one after the other, and the one that has given it out at the moment. */
interface PooledArray {
  readonly data: Data;
  readonly shelf: PooledArray[];
  arena: Arena | undefined;
}

/** Bytes of small arrays that are kept. */
const MAX_POOLED_BYTES = 1 << 25;

/**
 * The small arrays that arenas give out. To make and to clear one takes as long as to compute what goes into it, so they are
 * kept as they are, by dtype and length.
 */
class SmallArrayPool {
  readonly #shelves: { readonly [D in DType]: Map<number, PooledArray[]> } = {
    float32: new Map(),
    float64: new Map(),
    int32: new Map(),
    bool: new Map(),
  };
  readonly #loans = new Map<Data, PooledArray>();
  #bytes = 0;

  /** None where so many are given out that no more are to be kept. */
  take(dtype: DType, length: number, bytes: number, arena: Arena): PooledArray | undefined {
    const ofType = this.#shelves[dtype];
    let shelf = ofType.get(length);
    if (shelf === undefined) {
      shelf = [];
      ofType.set(length, shelf);
    }
    const loan = shelf.pop() ?? this.#add(dtype, length, bytes, shelf);
    if (loan !== undefined) loan.arena = arena;
    return loan;
  }

  giveBack(loan: PooledArray): void {
    loan.arena = undefined;
    loan.shelf.push(loan);
  }

  /** The arena that has given an array out, if one has. */
  arenaOf(data: Data): Arena | undefined {
    return this.#loans.get(data)?.arena;
  }

  #add(dtype: DType, length: number, bytes: number, shelf: PooledArray[]): PooledArray | undefined {
    if (this.#bytes + bytes > MAX_POOLED_BYTES) this.#clear();
    if (this.#bytes + bytes > MAX_POOLED_BYTES) return undefined;
    this.#bytes += bytes;
    const loan: PooledArray = { data: zeroed(dtype, length), shelf, arena: undefined };
    this.#loans.set(loan.data, loan);
    return loan;
  }

  /** Forgets what is not given out. */
  #clear(): void {
    for (const shelf of Object.values(this.#shelves).flatMap((ofType) => [...ofType.values()])) {
      for (const { data } of shelf) {
        this.#loans.delete(data);
        this.#bytes -= data.byteLength;
      }
      shelf.length = 0;
    }
  }
}

const smallArrays = new SmallArrayPool();

/** How full a room is. */
export interface StackMark {
  readonly top: number;
  readonly taken: number;
}

/** Room in a memory that threads share, given out as from a stack. */
export interface SharedAllocator {
  mark(): StackMark;
  /** A place of so many bytes; none where the room is used up. */
  take(bytes: number): MemoryBlock | undefined;
  /** Takes back what was given out since a mark. */
  release(mark: StackMark): void;
}

let room: SharedAllocator | undefined;

/** Says where arenas get their arrays from. */
export function offerSharedAllocator(offered: SharedAllocator): void {
  room = offered;
}

/** Takes an offer back. */
export function withdrawSharedAllocator(offered: SharedAllocator): void {
  if (room === offered) room = undefined;
}

/** The arena that gets the allocations, if any. */
let arena: Arena | undefined;

/**
 * Gets all arrays of a computation but single numbers, and takes them back together: for one whose results are known to be
 * used up with it, such as a step of a training.
 *
 * Where threads help, large arrays lie in the memory that they share, so that nothing has to be copied to them.
 */
export class Arena {
  readonly #loans: PooledArray[] = [];
  /** Made when there is something large: most steps of a small network are over without. */
  #kept: { readonly own: Set<Data>; readonly buffers: ArrayBufferLike[]; readonly spare: FreeList } | undefined;
  readonly #room = room;
  readonly #mark = room?.mark();
  /** Bytes of the largest array that counts as small. */
  readonly #small: number;
  #outer: Arena | undefined;

  constructor(small = MAX_SLAB_ARRAY_BYTES) {
    this.#small = small;
  }

  /** What `compute` allocates is the arena's. */
  run<R>(compute: () => R): R {
    this.#outer = arena;
    arena = this;
    try {
      return compute();
    } finally {
      arena = this.#outer;
    }
  }

  /** Whether an array's elements lie in it. */
  owns(data: Data): boolean {
    return smallArrays.arenaOf(data) === this || (this.#kept?.own.has(data) ?? false);
  }

  /** For `allocate`, of more than one element. */
  allocate(dtype: DType, length: number, bytes: number): Data {
    return bytes <= this.#small ? this.#borrow(dtype, length, bytes) : this.#own(dtype, length, bytes);
  }

  #borrow(dtype: DType, length: number, bytes: number): Data {
    const loan = smallArrays.take(dtype, length, bytes, this);
    if (loan === undefined) return zeroed(dtype, length);
    this.#loans.push(loan);
    return loan.data;
  }

  #own(dtype: DType, length: number, bytes: number): Data {
    this.#kept ??= { own: new Set(), buffers: [], spare: new FreeList(Number.POSITIVE_INFINITY) };
    const { own, buffers, spare } = this.#kept;
    const place = spare.take(bytes) ?? this.#room?.take(bytes);
    const data =
      place === undefined ? fresh(dtype, length, bytes) : viewData(dtype, place.buffer, place.byteOffset, length);
    if (place === undefined) buffers.push(data.buffer);
    own.add(data);
    return data;
  }

  /** Takes an array back, whose memory may be given out again; `false` where it is not the arena's. */
  take(data: Data): boolean {
    if (!this.#kept?.own.delete(data)) return this.#outer?.take(data) ?? false;
    this.#kept.spare.give(data.byteLength, data);
    return true;
  }

  /** Takes all arrays back: from now on their elements become others. */
  end(): void {
    for (const loan of this.#loans) smallArrays.giveBack(loan);
    this.#loans.length = 0;
    if (this.#kept === undefined) return;
    for (const buffer of this.#kept.buffers) spare.give(buffer.byteLength, { buffer, byteOffset: 0 });
    this.#kept = undefined;
    if (this.#mark !== undefined) this.#room!.release(this.#mark);
  }
}

function fresh(dtype: DType, length: number, bytes: number): Data {
  const place = spare.take(bytes);
  return place === undefined ? newData(dtype, length) : viewData(dtype, place.buffer, place.byteOffset, length);
}

/** The large allocations of the computations that recyclers watch, one inside the other, while there are any. */
const watched: Data[] = [];
let watching = 0;

/** A typed array whose elements are whatever its memory held. */
export function allocate(dtype: DType, length: number): Data {
  const bytes = length * bytesPerElement(dtype);
  const isSmall = bytes <= MAX_SLAB_ARRAY_BYTES;
  if (arena === undefined ? isSmall : length <= 1) return zeroed(dtype, length);
  const data = arena === undefined ? fresh(dtype, length, bytes) : arena.allocate(dtype, length, bytes);
  if (watching > 0 && !isSmall) watched.push(data);
  return data;
}

function recycle(data: Data): void {
  if (arena === undefined || !arena.take(data)) spare.give(data.byteLength, data);
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
export class RefCounted {
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

  /** Whether it counts the holders of an array's elements, and will hand them back. */
  owns(data: Data): boolean {
    return this.#holders.has(data);
  }

  /** Counts one more holder of an array. */
  retain({ data }: Stored): void {
    if (this.#holders.size === 0) return;
    const holders = this.#holders.get(data);
    if (holders !== undefined) this.#holders.set(data, holders + 1);
  }

  /** Gives an array to whoever may keep it: its memory is not counted any more, and never handed back. */
  escape({ data }: Stored): void {
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
