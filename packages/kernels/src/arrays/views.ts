/** Views: rearrangements that copy nothing and give new strides over the same data. */

import { isContiguous, NdArray } from './array.ts';
import { rowMajor, type Shape } from './shape.ts';

const view = (x: NdArray, shape: Shape, stride: readonly number[], offset = x.offset): NdArray =>
  new NdArray(x.data, x.dtype, shape, stride, offset);

/** Permutes axes: axis `i` of the result is axis `order[i]` of `x`. */
export function permuteView(x: NdArray, order: readonly number[]): NdArray {
  const shape = order.map((axis) => x.shape[axis]!);
  return view(
    x,
    shape,
    order.map((axis) => x.stride[axis]!),
  );
}

/**
 * Broadcasts `x` to a shape: stretched axes get stride 0.
 *
 * Reading the view broadcasts; accumulating into it sums. One function therefore serves both a broadcast and its
 * adjoint.
 */
export function broadcastView(x: NdArray, shape: Shape): NdArray {
  const lead = shape.length - x.shape.length;
  const stride = shape.map((length, i) => (i < lead || x.shape[i - lead] !== length ? 0 : x.stride[i - lead]!));
  return view(x, shape, stride);
}

/** Returns the elements `starts[i] + j * steps[i]` for `j < sizes[i]` along every axis `i`; a step may be negative. */
export function sliceView(x: NdArray, starts: Shape, sizes: Shape, steps: Shape): NdArray {
  let offset = x.offset;
  const stride = new Array<number>(sizes.length);
  for (let i = 0; i < sizes.length; i++) {
    offset += starts[i]! * x.stride[i]!;
    stride[i] = steps[i]! * x.stride[i]!;
  }
  return view(x, sizes, stride, x.size === 0 ? x.offset : offset);
}

/** Returns the entries from `start` up to, but not including, `start + size` of one axis. */
export const rangeView = (x: NdArray, axis: number, start: number, size: number): NdArray =>
  view(x, x.shape.with(axis, size), x.stride, x.offset + start * x.stride[axis]!);

/** Returns the first entry of one axis, without the axis. */
export const firstEntryView = (x: NdArray, axis: number): NdArray =>
  view(x, x.shape.toSpliced(axis, 1), x.stride.toSpliced(axis, 1));

/** Merged axes, whose elements are a constant step apart in memory. */
interface Run {
  length: number;
  step: number;
}

/** Returns the runs that the axes of `x` form, outermost first. */
function runsOf(x: NdArray): Run[] {
  const runs: Run[] = [];
  x.shape.forEach((length, axis) => {
    if (length === 1) return;
    const step = x.stride[axis]!;
    const outer = runs.at(-1);
    if (outer?.step === step * length) {
      outer.length *= length;
      outer.step = step;
    } else {
      runs.push({ length, step });
    }
  });
  return runs;
}

/** Reshapes `x` to a shape of the same size. Returns `undefined` if its strides allow no view. */
export function reshapeView(x: NdArray, shape: Shape): NdArray | undefined {
  if (isContiguous(x)) return view(x, shape, rowMajor(shape));
  const stride = new Array<number>(shape.length).fill(0);
  const runs = runsOf(x);
  // Assigns axes to the innermost run, from the last axis on. No axis may extend over two runs.
  let { length: left, step } = runs.pop()!;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis]!;
    if (length === 1) continue;
    if (left === 1) ({ length: left, step } = runs.pop()!);
    if (left % length !== 0) return undefined;
    stride[axis] = step;
    step *= length;
    left /= length;
  }
  return view(x, shape, stride);
}

/** The options of a window that slides along one axis. */
export interface Window {
  /** Number of elements in the window. */
  readonly size: number;
  /** Number of elements between the starts of consecutive windows. */
  readonly stride: number;
  /** Number of elements between consecutive elements of a window. */
  readonly dilation: number;
  /** Number of zeros added before and after the axis; negative numbers crop. */
  readonly padding: readonly [before: number, after: number];
}

/**
 * Returns the number of positions of a window along an axis of `length`. It is less than 1 if the window is longer than
 * the padded axis.
 */
export const windowPositions = (length: number, w: Window): number =>
  Math.floor((length + w.padding[0] + w.padding[1] - (w.size - 1) * w.dilation - 1) / w.stride) + 1;

/** Returns the windows of an already padded array: the last axes `[n…]` become `[size…, positions…]`. */
export function windowView(x: NdArray, windows: readonly Window[], positions: Shape): NdArray {
  const lead = x.shape.length - windows.length;
  const spatial = x.stride.slice(lead);
  return view(
    x,
    [...x.shape.slice(0, lead), ...windows.map((w) => w.size), ...positions],
    [
      ...x.stride.slice(0, lead),
      ...windows.map((w, i) => w.dilation * spatial[i]!),
      ...windows.map((w, i) => w.stride * spatial[i]!),
    ],
  );
}
