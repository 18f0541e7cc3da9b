import { ArgumentError, ShapeError } from '../error-classes.ts';

/** Lengths of the axes, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

/** The maximum number of axes, as in NumPy and PyTorch. Code may therefore recurse over axes. */
export const MAX_AXES = 64;

/** Formats a shape for messages, as in `[2, 3]`. */
export const formatShape = (shape: Shape): string => `[${shape.map(String).join(', ')}]`;

/** Returns the number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/** Returns the number of elements along some axes. */
export function countAlong(shape: Shape, axes: readonly number[]): number {
  let size = 1;
  for (let i = 0; i < axes.length; i++) size *= shape[axes[i]!]!;
  return size;
}

/** Returns whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Throws unless every axis length is an integer of at least 0, and the number of axes and of elements is within the
 * limits.
 */
export function checkShape(call: string, shape: Shape): void {
  if (!Array.isArray(shape)) {
    const mend = typeof shape === 'number' ? `; write [${shape}]` : '';
    throw new ArgumentError(`${call}: expected a shape, a list of axis lengths, got ${typeof shape}${mend}`);
  }
  if (shape.length > MAX_AXES) {
    throw new ArgumentError(`${call}: expected a shape of at most ${MAX_AXES} axes, got ${shape.length}`);
  }
  for (const length of shape) {
    if (!Number.isInteger(length) || length < 0) {
      throw new ArgumentError(`${call}: ${formatShape(shape)} is not a shape: axis lengths are integers >= 0`);
    }
  }
  if (sizeOf(shape) > 2 ** 32) throw new ArgumentError(`${call}: an array of shape ${formatShape(shape)} is too large`);
}

/** Returns row-major strides, in elements. */
export function rowMajor(shape: Shape): number[] {
  const stride = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    stride[i] = step;
    step *= shape[i]!;
  }
  return stride;
}

/** Returns whether the axes of `part` are the last axes of `shape`. */
function isTail(part: Shape, shape: Shape): boolean {
  const lead = shape.length - part.length;
  if (lead < 0) return false;
  for (let i = 0; i < part.length; i++) if (part[i] !== shape[lead + i]) return false;
  return true;
}

/**
 * Returns the shape that both broadcast to. Axes are matched from the last one, and an axis of length 1 is stretched.
 */
export function broadcastShapes(call: string, a: Shape, b: Shape): Shape {
  if (isTail(b, a)) return a;
  if (isTail(a, b)) return b;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    // Not `?? 1`: reading before the start of an array takes longer than everything else here.
    const m = i <= a.length ? a[a.length - i]! : 1;
    const n = i <= b.length ? b[b.length - i]! : 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new ShapeError(`${call}: cannot broadcast ${formatShape(a)} with ${formatShape(b)}: ${m} and ${n} differ`);
    }
    shape[rank - i] = m === 1 ? n : m;
  }
  return shape;
}

/** Returns an axis counted from 0; negative axes count from the end. */
export function normalizeAxis(call: string, axis: number, rank: number): number {
  if (typeof axis !== 'number') {
    const mend = typeof axis === 'object' && axis !== null ? '; options come after the axis' : '';
    throw new ArgumentError(`${call}: expected an axis, an integer, got ${typeof axis}${mend}`);
  }
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    const range = rank === 0 ? 'a scalar has no axes' : `expected ${-rank} to ${rank - 1}`;
    throw new ArgumentError(`${call}: axis ${axis} is out of range for rank ${rank}: ${range}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Returns 0, 1, … up to, but not including, `rank`. */
function firstAxes(rank: number): number[] {
  const axes: number[] = [];
  for (let axis = 0; axis < rank; axis++) axes.push(axis);
  return axes;
}

/** Returns axes counted from 0, in ascending order. Throws if an axis occurs twice. `undefined` means all axes. */
export function normalizeAxes(call: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return firstAxes(rank);
  if (!Array.isArray(axes)) return [normalizeAxis(call, axes as number, rank)];
  const normalized = axes.map((axis) => normalizeAxis(call, axis, rank)).sort((a, b) => a - b);
  for (let i = 1; i < normalized.length; i++) {
    if (normalized[i] === normalized[i - 1]) {
      throw new ArgumentError(`${call}: axis ${normalized[i]} occurs twice in ${formatShape(axes)}`);
    }
  }
  return normalized;
}
