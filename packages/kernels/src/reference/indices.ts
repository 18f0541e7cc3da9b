/** The elements that the reference interpreter reads: every index of a shape, and the elements that windows read. */

import { type Shape, sizeOf } from '../arrays/shape.ts';
import type { Window } from '../arrays/views.ts';
import type { Convolution } from '../primitives.ts';

export type Index = readonly number[];

/** Yields every index of a shape, in row-major order. */
export function* indices(shape: Shape): Generator<number[]> {
  if (sizeOf(shape) === 0) return;
  const index = shape.map(() => 0);
  for (;;) {
    yield [...index];
    let axis = shape.length - 1;
    while (axis >= 0 && ++index[axis]! === shape[axis]) index[axis--] = 0;
    if (axis < 0) return;
  }
}

/** Returns the index of the element that sliding windows have at `index`, or `undefined` for padding. */
export function windowSource(index: Index, windows: readonly Window[], shape: Shape): number[] | undefined {
  const lead = shape.length - windows.length;
  const source = [...index.slice(0, lead)];
  for (const [i, { stride, dilation, padding }] of windows.entries()) {
    const within = index[lead + i]!;
    const position = index[lead + windows.length + i]!;
    const place = position * stride + within * dilation - padding[0];
    if (place < 0 || place >= shape[lead + i]!) return undefined;
    source.push(place);
  }
  return source;
}

/**
 * Returns the products that are summed up in a plane of the output y, as positions in the planes of x (`undefined` for
 * padding), w and y.
 */
function planeProducts(windows: readonly Window[], x: Shape, y: Shape) {
  const placeOf = (index: Index) => index.reduce((place, i, axis) => place * x[axis]! + i, 0);
  const entries = [...indices(windows.map(({ size }) => size))];
  return [...indices(y)].flatMap((position, k) =>
    entries.map((within, j) => {
      const source = windowSource([...within, ...position], windows, x);
      return { i: source === undefined ? undefined : placeOf(source), j, k };
    }),
  );
}

/**
 * Calls `visit` for each product of a convolution of x with w, with its positions in x (`undefined` for padding), w
 * and y.
 */
export function forEachProduct(
  { windows, groups }: Convolution,
  x: Shape,
  w: Shape,
  y: Shape,
  visit: (i: number | undefined, j: number, k: number) => void,
): void {
  const [outputs, inputs] = [w[0]! / groups, w[1]!];
  const [ofX, ofW, ofY] = [x, w, y].map((shape) => sizeOf(shape.slice(2))) as [number, number, number];
  const products = planeProducts(windows, x.slice(2), y.slice(2));
  for (const [n, o, c] of indices([y[0]!, y[1]!, inputs]) as Iterable<[number, number, number]>) {
    const planeOfX = n * x[1]! + Math.floor(o / outputs) * inputs + c;
    const planeOfW = o * inputs + c;
    const planeOfY = n * y[1]! + o;
    for (const { i, j, k } of products) {
      visit(i === undefined ? undefined : planeOfX * ofX + i, planeOfW * ofW + j, planeOfY * ofY + k);
    }
  }
}

/** Returns the indices of each line along some axes, in order. */
export const linesAlong = (shape: Shape, axes: readonly number[]): Index[][] =>
  [...indices(shape.map((n, i) => (axes.includes(i) ? Math.min(1, n) : n)))].map((start) =>
    [...indices(shape.map((n, i) => (axes.includes(i) ? n : 1)))].map((shift) =>
      start.map((i, axis) => (axes.includes(axis) ? shift[axis]! : i)),
    ),
  );

/**
 * Returns the index of the first maximum of `by`, an array of `shape`, in the window at index `place` of the result.
 */
export function maximumPlace(
  by: (index: Index) => number,
  shape: Shape,
  windows: readonly Window[],
  place: Index,
): Index {
  const lead = shape.length - windows.length;
  let best: Index | undefined;
  for (const within of indices(windows.map(({ size }) => size))) {
    const source = windowSource([...place.slice(0, lead), ...within, ...place.slice(lead)], windows, shape);
    if (source === undefined) continue;
    const [champion, candidate] = [best === undefined ? undefined : by(best), by(source)];
    const beats = champion === undefined || candidate > champion || Number.isNaN(candidate);
    if (beats && !Number.isNaN(champion)) best = source;
  }
  return best!;
}
