/** Indexing as NumPy has it, resolved into slices, reshapes and takes. */

import { ArgumentError, type ArrayLike, DTypeError, formatShape, type Kernels } from '@tapegrad/kernels';

/** A range of an axis, made by `slice`. */
export interface SliceRange {
  readonly start: number | undefined;
  readonly stop: number | undefined;
  readonly step: number;
}

/**
 * A range of an axis for `index`: from `start` up to, not including, `stop`, every `step`-th entry. Negative bounds count
 * from the end, bounds beyond the ends are clipped, and a negative step walks backwards.
 *
 * @example
 * tensor([1, 2, 3, 4, 5]).index(slice(1, -1)).toArray(); // [2, 3, 4]
 */
export function slice(start?: number, stop?: number, step = 1): SliceRange {
  if (!Number.isInteger(step) || step === 0) {
    throw new ArgumentError(`slice: the step is ${step}, expected a whole number other than 0`);
  }
  for (const bound of [start, stop]) {
    if (bound !== undefined && !Number.isInteger(bound)) {
      throw new ArgumentError(`slice: ${bound} is not a whole number`);
    }
  }
  return { start, stop, step };
}

/** Where a range starts on an axis of this length, and how many entries it has. */
export function resolveRange({ start, stop, step }: SliceRange, length: number): { start: number; size: number } {
  const [first, last] = step > 0 ? [0, length] : [-1, length - 1];
  const clip = (bound: number) => Math.max(first, Math.min(last, bound < 0 ? bound + length : bound));
  const from = start === undefined ? (step > 0 ? first : last) : clip(start);
  const to = stop === undefined ? (step > 0 ? last : first) : clip(stop);
  const size = Math.max(0, Math.ceil((to - from) / step));
  return { start: size === 0 ? 0 : from, size };
}

/** What `index` takes for an axis: a position, a range, `null` for a new axis of length 1, or int32 positions. */
export type Index<A> = number | SliceRange | null | A;

const isRange = <A>(index: Index<A>): index is SliceRange =>
  typeof index === 'object' && index !== null && 'step' in index;

/** Positions as they are; for callers without types. */
function checkPositions<A extends ArrayLike>(positions: A): A {
  const dtype: unknown = positions?.dtype;
  if (dtype === 'int32') return positions;
  if (dtype !== undefined) throw new DTypeError(`index: expected int32 positions, got ${dtype}`);
  const got = Array.isArray(positions) ? 'an array' : typeof positions;
  throw new ArgumentError(`index: expected numbers, slices, null or int32 tensors, got ${got}`);
}

/** `x[index, …]`; axes without an index stay whole. */
export function index<A extends ArrayLike>(k: Kernels<A>, x: A, list: readonly Index<A>[]): A {
  const used = list.filter((entry) => entry !== null).length;
  if (used > x.shape.length) {
    throw new ArgumentError(`index: got ${used} indices for shape ${formatShape(x.shape)}`);
  }
  const starts: number[] = [];
  const sizes: number[] = [];
  const steps: number[] = [];
  const shape: number[] = [];
  const takes: { readonly indices: A; readonly axis: number }[] = [];
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
      takes.push({ indices: checkPositions(entry), axis: shape.length });
      keep(slice());
    }
  }
  while (starts.length < x.shape.length) keep(slice());

  const part = k.reshape(k.slice(x, { starts, sizes, steps }), shape);
  // From the last axis on, so that an axis that becomes several moves none that is still to come.
  return takes.reduceRight((result, { indices, axis }) => k.take(result, indices, axis), part);
}
