import { ArgumentError, ShapeError } from '../errors.ts';

/** Lengths of the axes, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

/** As many axes as NumPy's and PyTorch's arrays have at most, so that what goes from axis to axis may call itself. */
export const MOST_AXES = 64;

/** `[2, 3]`, as messages print shapes. */
export const formatShape = (shape: Shape): string => `[${shape.map(String).join(', ')}]`;

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/** Number of elements along some axes. */
export function countAlong(shape: Shape, axes: readonly number[]): number {
  let size = 1;
  for (let i = 0; i < axes.length; i++) size *= shape[axes[i]!]!;
  return size;
}

/** Tells whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Throws unless every axis length is a whole number, zero or more, and an array can have so many axes and elements. */
export function checkShape(call: string, shape: Shape): void {
  if (!Array.isArray(shape)) {
    const mend = typeof shape === 'number' ? `; write [${shape}]` : '';
    throw new ArgumentError(`${call}: expected a shape, a list of axis lengths, got ${typeof shape}${mend}`);
  }
  if (shape.length > MOST_AXES) {
    throw new ArgumentError(`${call}: expected a shape of at most ${MOST_AXES} axes, got ${shape.length}`);
  }
  for (const length of shape) {
    if (!Number.isInteger(length) || length < 0) {
      throw new ArgumentError(`${call}: ${formatShape(shape)} is not a shape: axis lengths are whole numbers >= 0`);
    }
  }
  if (sizeOf(shape) > 2 ** 32) throw new ArgumentError(`${call}: an array of shape ${formatShape(shape)} is too large`);
}

/** Row-major strides, in elements. */
export function rowMajor(shape: Shape): number[] {
  const stride = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    stride[i] = step;
    step *= shape[i]!;
  }
  return stride;
}

/** Whether the axes of `part` are the last ones of `shape`. */
function isTail(part: Shape, shape: Shape): boolean {
  const lead = shape.length - part.length;
  if (lead < 0) return false;
  for (let i = 0; i < part.length; i++) if (part[i] !== shape[lead + i]) return false;
  return true;
}

/** The shape that both broadcast to: axes are matched from the last, and an axis of length 1 stretches. */
export function broadcastShapes(call: string, a: Shape, b: Shape): Shape {
  if (isTail(b, a)) return a;
  if (isTail(a, b)) return b;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    // Not `?? 1`: to read before the start of an array takes longer than all the rest here.
    const m = i <= a.length ? a[a.length - i]! : 1;
    const n = i <= b.length ? b[b.length - i]! : 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new ShapeError(`${call}: cannot broadcast ${formatShape(a)} with ${formatShape(b)}: ${m} and ${n} differ`);
    }
    shape[rank - i] = m === 1 ? n : m;
  }
  return shape;
}

/** An axis as a number from 0; negative axes count from the end. */
export function normalizeAxis(call: string, axis: number, rank: number): number {
  if (typeof axis !== 'number') {
    const mend = typeof axis === 'object' && axis !== null ? '; options stand behind the axis' : '';
    throw new ArgumentError(`${call}: expected an axis, a whole number, got ${typeof axis}${mend}`);
  }
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    const range = rank === 0 ? 'a scalar has no axes' : `expected ${-rank} to ${rank - 1}`;
    throw new ArgumentError(`${call}: axis ${axis} is out of range for rank ${rank}: ${range}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** 0, 1, … up to a rank. */
function firstAxes(rank: number): number[] {
  const axes: number[] = [];
  for (let axis = 0; axis < rank; axis++) axes.push(axis);
  return axes;
}

/** Axes in ascending order, each from 0 and once; nothing means every axis. */
export function normalizeAxes(call: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return firstAxes(rank);
  if (!Array.isArray(axes)) return [normalizeAxis(call, axes as number, rank)];
  const normalized = axes.map((axis) => normalizeAxis(call, axis, rank)).sort((a, b) => a - b);
  for (let i = 1; i < normalized.length; i++) {
    if (normalized[i] === normalized[i - 1]) {
      throw new ArgumentError(`${call}: axis ${normalized[i]} is named twice in ${formatShape(axes)}`);
    }
  }
  return normalized;
}
