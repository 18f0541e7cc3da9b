/** NumPy-style indexing, resolved into slices, reshapes and takes. */

import {
  ArgumentError,
  type ArrayLike,
  broadcastShapes,
  type Data,
  DTypeError,
  formatShape,
  hasNumber,
  type Kernels,
  NdArray,
  rowMajor,
  type Shape,
  ShapeError,
  sameShape,
  sizeOf,
} from '@tapegrad/kernels';
import { describeValue } from './checks/describe-value.ts';
import { checkNoMore } from './checks/untyped-callers.ts';
import { multiples } from './composites.ts';
import { areWithin } from './tracing.ts';
import type { Unranked } from './types/static-shapes.ts';

/** A range of an axis, made by `slice`. */
export interface SliceRange {
  readonly start: number | undefined;
  readonly stop: number | undefined;
  readonly step: number;
}

/**
 * Makes a range of an axis for `index`: every `step`-th entry from `start` up to but not including `stop`. Negative
 * bounds count from the end, bounds beyond the ends are clipped, and a negative step walks backwards.
 *
 * @example
 * tensor([1, 2, 3, 4, 5]).index(slice(1, -1)).toArray(); // [2, 3, 4]
 */
export function slice(start?: number, stop?: number, step = 1, ...more: []): SliceRange {
  checkNoMore('slice', more);
  if (!Number.isInteger(step) || step === 0) {
    throw new ArgumentError(`slice: the step is ${step}, expected an integer other than 0`);
  }
  for (const bound of [start, stop]) {
    if (bound !== undefined && !Number.isInteger(bound)) {
      throw new ArgumentError(`slice: ${bound} is not an integer`);
    }
  }
  return { start, stop, step };
}

/** Resolves a range on an axis of the given length to its first position and its number of entries. */
export function resolveRange({ start, stop, step }: SliceRange, length: number): { start: number; size: number } {
  const [first, last] = step > 0 ? [0, length] : [-1, length - 1];
  const clip = (bound: number) => Math.max(first, Math.min(last, bound < 0 ? bound + length : bound));
  const from = start === undefined ? (step > 0 ? first : last) : clip(start);
  const to = stop === undefined ? (step > 0 ? last : first) : clip(stop);
  const size = Math.max(0, Math.ceil((to - from) / step));
  return { start: size === 0 ? 0 : from, size };
}

/** An array whose elements can be read, in row-major order. */
interface Readable extends ArrayLike {
  readonly data: Data;
  /** All elements that the array represents: those of all examples if it represents an example of a batch. */
  readonly elements: Data;
}

/**
 * Throws unless `indices` can pick entries of x along an axis. They must be int32, within range, and have the same
 * shape as x except along the axis.
 */
export function checkIndicesAlong(call: string, x: ArrayLike, indices: Readable, axis: number): void {
  if (indices.dtype !== 'int32') throw new DTypeError(`${call}: expected int32 indices, got ${indices.dtype}`);
  if (indices.shape.length !== x.shape.length || !sameShape(indices.shape.with(axis, 0), x.shape.with(axis, 0))) {
    const shapes = `${formatShape(indices.shape)} for ${formatShape(x.shape)}`;
    throw new ShapeError(`${call}: expected indices of this shape except along axis ${axis}, got ${shapes}`);
  }
  const length = x.shape[axis]!;
  const { elements } = indices;
  if (!areWithin(elements, { low: 0, high: length - 1 })) {
    const wrong = elements.findIndex((place) => place < 0 || place >= length);
    const got = `index ${elements[wrong]} at position ${wrong}`;
    throw new ArgumentError(`${call}: ${got} is out of range for axis ${axis} of length ${length}`);
  }
}

/** Converts a list of indices to an int32 vector. */
export function indexList(call: string, indices: readonly number[]): NdArray {
  if (!Array.isArray(indices)) {
    throw new ArgumentError(`${call}: expected an int32 tensor or an array of indices, got ${describeValue(indices)}`);
  }
  const data = Int32Array.from(indices, (i: number) => {
    if (!hasNumber('int32', i)) throw new ArgumentError(`${call}: index ${i} is not an integer of 32 bits`);
    return i;
  });
  return new NdArray(data, 'int32', [data.length]);
}

/** Returns the positions of the nonzero elements, in row-major order: one int32 list of coordinates for each axis. */
export function nonzeroPositions({ data, shape }: Readable): NdArray[] {
  if (shape.some((length) => length > 2 ** 31)) {
    const got = formatShape(shape);
    throw new ArgumentError(`nonzero: indices are int32, but an axis of ${got} has more than 2^31 entries; split it`);
  }
  const places: number[] = [];
  data.forEach((value, place) => {
    if (value !== 0) places.push(place);
  });
  const stride = rowMajor(shape);
  return shape.map((length, i) => {
    const positions = Int32Array.from(places, (place) => Math.floor(place / stride[i]!) % length);
    return new NdArray(positions, 'int32', [places.length]);
  });
}

/**
 * An index for an axis: a position, a range, `null` for a new axis of length 1, or an array of int32 positions or a bool
 * mask.
 */
export type Index<A> = number | SliceRange | null | A;

/**
 * The shape after indexing with `List`. It is known if all indices are numbers, ranges or `null`, and unknown with
 * lists of positions or masks.
 */
export type Indexed<S extends Shape, List extends readonly unknown[]> = number extends List['length']
  ? Shape
  : Unranked<S> extends true
    ? Shape
    : IndexedFrom<S, List, readonly []>;

type IndexedFrom<S extends Shape, List extends readonly unknown[], Done extends Shape> = List extends readonly [
  infer Entry,
  ...infer Rest,
]
  ? [Entry] extends [null]
    ? IndexedFrom<S, Rest, readonly [...Done, 1]>
    : S extends readonly [unknown, ...infer Others extends Shape]
      ? [Entry] extends [number]
        ? IndexedFrom<Others, Rest, Done>
        : [Entry] extends [SliceRange]
          ? IndexedFrom<Others, Rest, readonly [...Done, number]>
          : Shape
      : Shape
  : readonly [...Done, ...S];

const isRange = <A>(index: Index<A>): index is SliceRange =>
  typeof index === 'object' && index !== null && 'step' in index;

/** Returns positions after checking that they are int32, for untyped callers. */
function checkPositions<A extends ArrayLike>(positions: A): A {
  const dtype: unknown = positions?.dtype;
  if (dtype === 'int32') return positions;
  if (dtype !== undefined) throw new DTypeError(`index: expected int32 positions or a bool mask, got ${dtype}`);
  throw new ArgumentError(
    `index: expected numbers, slices, null, int32 tensors or bool masks, got ${describeValue(positions)}`,
  );
}

/**
 * Replaces each bool mask in a list of indices by the positions where it is true: one list of positions for each axis
 * of the mask.
 */
export function resolveMasks<A extends Readable>(
  shape: Shape,
  list: readonly Index<A>[],
  wrap: (positions: NdArray) => A,
): Index<A>[] {
  let axis = 0;
  return list.flatMap((entry): Index<A>[] => {
    if (entry === null) return [entry];
    if (!isMask(entry)) {
      axis++;
      return [entry];
    }
    const lengths = shape.slice(axis, axis + entry.shape.length);
    if (entry.shape.length === 0 || !sameShape(entry.shape, lengths)) {
      const got = `${formatShape(entry.shape)} from axis ${axis} of ${formatShape(shape)} on`;
      throw new ShapeError(`index: expected a mask with the lengths of its axes, got ${got}`);
    }
    axis += entry.shape.length;
    return nonzeroPositions(entry).map(wrap);
  });
}

const isMask = <A extends ArrayLike>(entry: Index<A>): entry is A =>
  typeof entry === 'object' && entry !== null && 'dtype' in entry && entry.dtype === 'bool';

/**
 * Converts negative positions, which count from the end, to positions from the start. Positions that are out of range
 * stay unchanged.
 */
function fromStart<A extends ArrayLike>(k: Kernels<A>, positions: A, length: number): A {
  const number = (value: number): A => k.full({ shape: [], value, dtype: 'int32' });
  const fromEnd = k.minimum(k.less(positions, number(0)), k.lessEqual(number(-length), positions));
  return k.where(fromEnd, k.add(positions, number(length)), positions);
}

/** The positions to take along one axis of the sliced array. */
interface Take<A> {
  readonly indices: A;
  readonly axis: number;
}

/**
 * Takes entries at combined positions: one list of positions for each of several axes. The lists broadcast. Their axes
 * replace the indexed axes, or come first if those are not adjacent.
 */
function takeTogether<A extends ArrayLike>(k: Kernels<A>, x: A, takes: readonly Take<A>[]): A {
  const axes = takes.map(({ axis }) => axis);
  const first = axes.every((axis, i) => axis === axes[0]! + i) ? axes[0]! : 0;
  const order = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  order.splice(first, 0, ...axes);
  const lengths = axes.map((axis) => x.shape[axis]!);
  const stride = rowMajor(lengths);
  // Multiplies the positions by the stride, by taking from a list of multiples, which also rejects positions out of
  // range.
  const places = takes
    .map(({ indices }, i) => k.take(multiples(k, stride[i]!, lengths[i]!), indices, 0))
    .reduce((sum, term) => {
      broadcastShapes('index', sum.shape, term.shape);
      return k.add(sum, term);
    });
  const together = k.permute(x, order);
  const merged = together.shape.toSpliced(first, axes.length, sizeOf(lengths));
  return k.take(k.reshape(together, merged), places, first);
}

/** Computes `x[index, …]`; axes without an index are kept whole. */
export function index<A extends ArrayLike>(k: Kernels<A>, x: A, list: readonly Index<A>[]): A {
  const used = list.filter((entry) => entry !== null).length;
  if (used > x.shape.length) {
    throw new ArgumentError(`index: got ${used} indices for shape ${formatShape(x.shape)}`);
  }
  const starts: number[] = [];
  const sizes: number[] = [];
  const steps: number[] = [];
  const shape: number[] = [];
  const takes: Take<A>[] = [];
  const keep = (range: SliceRange): void => {
    const { start, size } = resolveRange(range, x.shape[starts.length]!);
    starts.push(start);
    sizes.push(size);
    steps.push(range.step);
    shape.push(size);
  };
  for (const entry of list) {
    if (entry === null) {
      shape.push(1);
    } else if (typeof entry === 'number') {
      const axis = starts.length;
      const length = x.shape[axis]!;
      if (!Number.isInteger(entry) || entry < -length || entry >= length) {
        throw new ArgumentError(`index: ${entry} is out of range for axis ${axis} of length ${length}`);
      }
      starts.push(entry < 0 ? entry + length : entry);
      sizes.push(1);
      steps.push(1);
    } else if (isRange(entry)) {
      keep(entry);
    } else {
      const indices = fromStart(k, checkPositions(entry), x.shape[starts.length]!);
      takes.push({ indices, axis: shape.length });
      keep(slice());
    }
  }
  while (starts.length < x.shape.length) keep(slice());

  const part = k.reshape(k.slice(x, { starts, sizes, steps }), shape);
  const [only, second] = takes;
  if (second !== undefined) return takeTogether(k, part, takes);
  return only === undefined ? part : k.take(part, only.indices, only.axis);
}
