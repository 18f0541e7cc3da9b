/** Accumulates the cotangents that reach each tensor during a backward pass. */

import type { ArrayLike, Kernels, Shape, Slice } from '@tapegrad/kernels';
import type { AnyRecorded } from './entry.ts';

/** Counts references to values, and frees the memory of a value when there are none left. */
export interface CotangentMemory<A> {
  /** Computes a value that nothing references yet, and frees the intermediate values. */
  run(compute: () => A): A;
  /** Starts the work of `run`, for callers that can't afford a closure. Returns a number to pass to `end`. */
  begin(): number;
  /**
   * Ends the work of `run`, given the number that `begin` returned. `value` is the result, or undefined if the
   * computation failed.
   */
  end(begun: number, value: A | undefined): void;
  retain(value: A): void;
  release(value: A): void;
  /** Marks a value as visible to code that may keep it, so that its memory is never freed for reuse. */
  escape(value: A): void;
}

/** Frees nothing explicitly; the garbage collector does it all. */
export const garbageCollected: CotangentMemory<unknown> = {
  run: (compute) => compute(),
  begin: () => 0,
  end() {},
  retain() {},
  release() {},
  escape() {},
};

/** The cotangent of a slice of a tensor. */
interface SliceCotangent<A> {
  readonly slice: Slice;
  readonly cotangent: A;
}

/**
 * Holds, for each tensor, the sum of the cotangents that have reached it so far.
 *
 * The cotangent of a slice, written as a cotangent of the whole tensor, is as large as that tensor and almost entirely
 * zero. If a tensor of n steps is sliced step by step, it would be filled with zeros n times. So the cotangents of a
 * tensor's slices are collected first, and joined once all have arrived.
 */
export class Cotangents<T extends Pick<AnyRecorded, 'shape' | 'entry'>, A extends ArrayLike> {
  // Results are keyed by their entry's number: a map takes several times as long for an object that it has not seen
  // before.
  readonly #atResults = new Map<number, A>();
  /**
   * The entry number of the result that a cotangent reached last, unless it has been taken. It is nearly always the
   * next one to be taken.
   */
  #last: number | undefined;
  #atLast: A | undefined;
  readonly #atInputs = new Map<T, A>();
  /** The cotangents of slices that have not been added to the sums yet. */
  readonly #parts = new Map<T, SliceCotangent<A>[]>();
  readonly #kernels: Kernels<A>;
  readonly #memory: CotangentMemory<A>;
  readonly #since: number;

  /** @param since The number of the first entry that the backward pass visits. */
  constructor(kernels: Kernels<A>, memory: CotangentMemory<A>, since: number) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#since = since;
  }

  #isResult({ entry }: T): boolean {
    return entry !== undefined && entry.id >= this.#since;
  }

  /** Adds a cotangent to the sum of a tensor. The caller must have retained the cotangent. */
  add(x: T, cotangent: A): void {
    if (!this.#isResult(x)) {
      this.#atInputs.set(x, this.#plus(this.#atInputs.get(x), cotangent));
      return;
    }
    const { id } = x.entry!;
    if (id !== this.#last) {
      const before = this.#takeSum(id);
      if (this.#last !== undefined) this.#atResults.set(this.#last, this.#atLast!);
      this.#last = id;
      this.#atLast = before;
    }
    this.#atLast = this.#plus(this.#atLast, cotangent);
  }

  #takeSum(id: number): A | undefined {
    if (id === this.#last) {
      this.#last = undefined;
      return this.#atLast;
    }
    if (this.#atResults.size === 0) return undefined;
    const sum = this.#atResults.get(id);
    if (sum !== undefined) this.#atResults.delete(id);
    return sum;
  }

  /** Adds the cotangent of a slice of a tensor. */
  addPart(x: T, slice: Slice, cotangent: A): void {
    this.#memory.retain(cotangent);
    const part = { slice, cotangent };
    const parts = this.#parts.get(x);
    if (parts === undefined) this.#parts.set(x, [part]);
    else parts.push(part);
  }

  /** Returns whether any cotangent has reached the result of an entry. */
  has(result: T): boolean {
    const { id } = result.entry!;
    return id === this.#last || this.#atResults.has(id) || this.#parts.has(result);
  }

  /** Removes and returns the sum of the cotangents that have reached an entry's result; undefined if there are none. */
  take(result: T): A | undefined {
    return this.#withParts(result, this.#takeSum(result.entry!.id));
  }

  /** Returns the sums at tensors that no visited entry computed. */
  atInputs(): Map<T, A> {
    for (const x of this.#parts.keys()) {
      if (!this.#isResult(x)) this.#atInputs.set(x, this.#withParts(x, this.#atInputs.get(x))!);
    }
    return this.#atInputs;
  }

  #withParts(x: T, sum: A | undefined): A | undefined {
    const parts = this.#parts.size === 0 ? undefined : this.#parts.get(x);
    if (parts === undefined) return sum;
    this.#parts.delete(x);
    const joined = this.#held(() => join(this.#kernels, parts, x.shape));
    for (const { cotangent } of parts) this.#memory.release(cotangent);
    return this.#plus(sum, joined);
  }

  #held(compute: () => A): A {
    const value = this.#memory.run(compute);
    this.#memory.retain(value);
    return value;
  }

  #plus(a: A | undefined, b: A): A {
    if (a === undefined) return b;
    const sum = this.#held(() => this.#kernels.add(a, b));
    this.#memory.release(a);
    this.#memory.release(b);
    return sum;
  }
}

/** Returns the axis along which a slice takes a contiguous range, if it takes all other axes whole; otherwise undefined. */
function rangeAxis({ sizes, steps }: Slice, shape: Shape): number | undefined {
  const partial = shape.map((_, i) => i).filter((i) => sizes[i] !== shape[i] || (steps[i] !== 1 && shape[i]! > 1));
  return partial.length === 1 && steps[partial[0]!] === 1 ? partial[0] : undefined;
}

/** Sums parts of a tensor, each placed at its position in zeros of the given shape. */
function join<A extends ArrayLike>(k: Kernels<A>, parts: readonly SliceCotangent<A>[], shape: Shape): A {
  const sums: A[] = [];
  const byAxis = new Map<number, SliceCotangent<A>[]>();
  for (const part of parts) {
    const axis = parts.length === 1 ? undefined : rangeAxis(part.slice, shape);
    const alike = axis === undefined ? undefined : byAxis.get(axis);
    if (axis === undefined) sums.push(k.scatterSlice(part.cotangent, { ...part.slice, shape }));
    else if (alike === undefined) byAxis.set(axis, [part]);
    else alike.push(part);
  }
  for (const [axis, ranges] of byAxis) {
    for (const row of rowsOf(ranges, axis)) sums.push(layDown(k, row, axis, shape));
  }
  return sums.reduce((sum, x) => k.add(sum, x));
}

const endOf = <A>({ slice: { starts, sizes } }: SliceCotangent<A>, axis: number): number =>
  starts[axis]! + sizes[axis]!;

/** Groups ranges of an axis into as few rows as possible. Within a row, ranges are in order and do not overlap. */
function rowsOf<A>(ranges: readonly SliceCotangent<A>[], axis: number): SliceCotangent<A>[][] {
  const rows: SliceCotangent<A>[][] = [];
  for (const part of ranges.toSorted((a, b) => a.slice.starts[axis]! - b.slice.starts[axis]!)) {
    const row = rows.find((others) => endOf(others.at(-1)!, axis) <= part.slice.starts[axis]!);
    if (row === undefined) rows.push([part]);
    else row.push(part);
  }
  return rows;
}

/** Concatenates the ranges of a row along an axis, with zeros in the gaps. */
function layDown<A extends ArrayLike>(k: Kernels<A>, row: readonly SliceCotangent<A>[], axis: number, shape: Shape): A {
  const { dtype } = row[0]!.cotangent;
  const pieces: A[] = [];
  let end = 0;
  const fillUpTo = (start: number): void => {
    if (start === end) return;
    pieces.push(k.broadcastTo(k.full({ shape: [], value: 0, dtype }), shape.with(axis, start - end)));
  };
  for (const part of row) {
    fillUpTo(part.slice.starts[axis]!);
    pieces.push(part.cotangent);
    end = endOf(part, axis);
  }
  fillUpTo(shape[axis]!);
  return k.concat(pieces, axis);
}
