/**
 * Translates arguments of methods into calls of primitives, generic in the array type. This includes reductions that
 * keep or drop their axes, reshapes with an inferred length, products with vectors, and padding.
 */

import {
  ArgumentError,
  type ArrayLike,
  checkShape,
  formatShape,
  type Kernels,
  normalizeAxes,
  normalizeAxis,
  type Shape,
  ShapeError,
  sizeOf,
  type Window,
} from '@tapegrad/kernels';
import { extremumAlong } from '../composites.ts';
import type { Axes, PadWidths } from '../types/static-shapes.ts';
import { describeNumbers, describeValue } from './describe-value.ts';
import { checkOptions } from './untyped-callers.ts';

/** The options of a reduction. */
export interface ReduceOptions<Keep extends boolean = boolean> {
  /** Whether to keep reduced axes with length 1. Defaults to false. */
  readonly keepDims?: Keep;
}

export interface VarianceOptions<Keep extends boolean = boolean> extends ReduceOptions<Keep> {
  /** The amount subtracted from the number of elements to get the divisor. Defaults to 1 (Bessel's correction). */
  readonly correction?: number;
}

export interface NormOptions<Keep extends boolean = boolean> extends ReduceOptions<Keep> {
  /** The order p of the norm; Infinity for the largest absolute value. Defaults to 2. */
  readonly order?: number;
}

/**
 * Calls `run`, which reduces over the given axes and keeps them with length 1. Then drops these axes unless `keepDims`
 * is set.
 */
export function reduce<A extends ArrayLike>(
  k: Kernels<A>,
  call: string,
  x: A,
  axis: Axes,
  options: ReduceOptions | undefined,
  run: (axes: readonly number[]) => A,
): A {
  checkOptions(call, options, ['keepDims']);
  return along(k, call, x, axis, options, run);
}

/** Does the same as `reduce`, for options that have already been checked. */
export function along<A extends ArrayLike>(
  k: Kernels<A>,
  call: string,
  x: A,
  axis: Axes,
  options: ReduceOptions | undefined,
  run: (axes: readonly number[]) => A,
): A {
  if (typeof axis === 'object' && !Array.isArray(axis)) {
    const mend = `options come after it: ${call}(axis, { keepDims })`;
    throw new ArgumentError(`${call}: expected an axis, or a list of axes, got ${describeValue(axis)}; ${mend}`);
  }
  const axes = normalizeAxes(call, axis, x.shape.length);
  const kept = run(axes);
  if (options?.keepDims || axes.length === 0) return kept;
  return k.reshape(kept, axes.length === x.shape.length ? [] : x.shape.filter((_, i) => !axes.includes(i)));
}

/** Returns the normalized axes. Throws if none is given. */
export function someAxes(call: string, axis: number | readonly number[] | undefined, rank: number): number[] {
  if (axis !== undefined) return normalizeAxes(call, axis, rank);
  throw new ArgumentError(`${call}: expected an axis, or a list of axes, got none; ${call}(-1) is the last axis`);
}

/**
 * Computes the maximum or minimum. Along a single axis, the gradient goes to the first of tied elements, because an
 * entry is picked by its position.
 */
export const extremum = <A extends ArrayLike & { readonly requiresGrad: boolean }>(
  k: Kernels<A>,
  which: 'max' | 'min',
  x: A,
  axis: Axes,
  options: ReduceOptions | undefined,
): A =>
  reduce(k, which, x, axis, options, (axes) =>
    typeof axis === 'number' && x.requiresGrad && x.shape[axes[0]!] !== 0
      ? extremumAlong(k, which, x, axes[0]!)
      : k[which](x, axes),
  );

/** Returns the position of the maximum or minimum: along one axis, or among all elements in row-major order. */
export function position<A extends ArrayLike>(
  k: Kernels<A>,
  which: 'argmax' | 'argmin',
  x: A,
  axis: number | undefined,
  options: ReduceOptions | undefined,
): A {
  if (axis !== undefined && typeof axis !== 'number') {
    throw new ArgumentError(`${which}: expected one axis, or none for all, got ${describeValue(axis)}`);
  }
  return reduce(k, which, x, axis, options, (axes) => {
    if (axis !== undefined) return k[which](x, axes[0]!);
    const first = k[which](k.reshape(x, [sizeOf(x.shape)]), 0);
    return k.reshape(
      first,
      x.shape.map(() => 1),
    );
  });
}

/** Checks and copies a shape, since the caller may change the list. */
export function ownShape(call: string, shape: Shape): Shape {
  checkShape(call, shape);
  return shape.slice();
}

/** Checks and copies windows, since the caller may change them. */
export function ownWindows(call: string, windows: readonly Window[]): Window[] {
  if (!Array.isArray(windows)) {
    throw new ArgumentError(`${call}: expected a list of windows, got ${describeValue(windows)}`);
  }
  return windows.map((window: Window, i) => {
    const { size, stride, dilation, padding } = window ?? {};
    if (Array.isArray(padding)) return { size, stride, dilation, padding: [padding[0]!, padding[1]!] };
    const wanted = 'size, stride, dilation, and a padding [before, after]';
    throw new ArgumentError(`${call}: expected window ${i} to have ${wanted}, got ${describeNumbers(window)}`);
  });
}

/** Returns the target shape of a reshape, with a length of -1 inferred. */
export function completeShape(from: Shape, shape: Shape): Shape {
  const free = Array.isArray(shape) ? shape.indexOf(-1) : -1;
  if (free === -1) return ownShape('reshape', shape);
  const [size, known] = [sizeOf(from), -sizeOf(shape)];
  if (shape.lastIndexOf(-1) !== free || (known === 0 ? size !== 0 : size % known !== 0)) {
    throw new ShapeError(`reshape: ${formatShape(from)} cannot be reshaped uniquely to the form ${formatShape(shape)}`);
  }
  return shape.with(free, known === 0 ? 0 : size / known);
}

/** Returns an order of axes with negative axes counted from the start. */
export function completeOrder(order: readonly number[], rank: number): number[] {
  if (Array.isArray(order)) return order.map((axis) => normalizeAxis('permute', axis, rank));
  throw new ArgumentError(`permute: expected a list of axes, such as [1, 0], got ${describeValue(order)}`);
}

/** Throws if a product with a vector does not fit, with the same message as a product of matrices. */
function checkVectors(x: Shape, y: Shape): void {
  if (x.length > 1 && y.length > 1) return;
  const shapes = `${formatShape(x)} and ${formatShape(y)}`;
  if (x.length === 0 || y.length === 0) throw new ShapeError(`matmul: expected one or more axes each, got ${shapes}`);
  const [m, n] = [x.at(-1)!, y.at(y.length === 1 ? -1 : -2)!];
  if (m !== n) throw new ShapeError(`matmul: inner dimensions ${m} and ${n} differ (${shapes})`);
}

/**
 * Computes a matrix product. A vector counts as a row on the left or as a column on the right, and the axis added for
 * this is dropped from the result.
 */
export function matmul<A extends ArrayLike>(k: Kernels<A>, x: A, y: A): A {
  checkVectors(x.shape, y.shape);
  const [isRow, isColumn] = [x.shape.length === 1, y.shape.length === 1];
  const left = isRow ? k.reshape(x, [1, x.shape[0]!]) : x;
  const right = isColumn ? k.reshape(y, [y.shape[0]!, 1]) : y;
  const product = k.matmul(left, right);
  if (!isRow && !isColumn) return product;
  const lead = product.shape.slice(0, -2);
  const rows = isRow ? [] : [product.shape.at(-2)!];
  const columns = isColumn ? [] : [product.shape.at(-1)!];
  return k.reshape(product, [...lead, ...rows, ...columns]);
}

const isPair = (pair: readonly number[]): boolean =>
  Array.isArray(pair) && pair.length === 2 && pair.every((width) => Number.isInteger(width) && width >= 0);

/** Pads each axis before and after with a scalar, by default 0. */
export function pad<A extends ArrayLike>(k: Kernels<A>, x: A, widths: PadWidths, value: A | undefined): A {
  const sizes = x.shape;
  if (!Array.isArray(widths) || widths.length !== sizes.length || !widths.every(isPair)) {
    const wanted = `${sizes.length} pairs of integers >= 0 for shape ${formatShape(sizes)}`;
    throw new ArgumentError(`pad: expected ${wanted}, got ${describeNumbers(widths)}`);
  }
  const shape = sizes.map((length, i) => length + widths[i]![0] + widths[i]![1]);
  const starts = widths.map(([before], i) => (sizes[i] === 0 ? 0 : before));
  const place = { shape, starts, sizes, steps: shape.map(() => 1) };
  const padded = k.scatterSlice(x, place);
  if (value === undefined) return padded;
  return k.where(k.scatterSlice(k.full({ shape: sizes, value: 1, dtype: 'bool' }), place), padded, value);
}
