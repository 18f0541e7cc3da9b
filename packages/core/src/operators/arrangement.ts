/** Rearranging elements: adding, dropping and swapping axes; splitting, repeating and rolling tensors. */

import { ArgumentError, formatShape, normalizeAxes, normalizeAxis, type Shape, ShapeError } from '@tapegrad/kernels';
import { describeValue } from '../checks/describe-value.ts';
import { checkTensor } from '../checks/operands.ts';
import { checkNoMore, checkOptions } from '../checks/untyped-callers.ts';
import type { Of, Tensor } from '../tensor.ts';
import type { Axes, ReplaceAxis, Squeeze, SwapAxes, Unsqueeze } from '../types/static-shapes.ts';
import { concat } from './method-functions.ts';
import { take } from './selection.ts';

/** Returns `list` after checking that it is an array, for untyped callers. */
function listOf<T>(call: string, wanted: string, list: readonly T[]): readonly T[] {
  if (Array.isArray(list)) return list;
  throw new ArgumentError(`${call}: expected ${wanted}, got ${describeValue(list)}`);
}

/** Throws unless `count` is an integer of at least `least`. */
function checkCount(call: string, what: string, count: number, least: 0 | 1): void {
  if (Number.isInteger(count) && count >= least) return;
  throw new ArgumentError(`${call}: ${what} is ${describeValue(count)}, expected an integer >= ${least}`);
}

/**
 * Inserts an axis of length 1 at position `axis` of the result; -1 inserts it as the last.
 *
 * @example
 * unsqueeze(zeros([2, 3]), 1).shape; // [2, 1, 3]
 */
export function unsqueeze<S extends Shape, const A extends number>(
  x: Tensor<S>,
  axis: A,
  ...more: []
): Of<Unsqueeze<S, A>> {
  const place = normalizeAxis('unsqueeze', axis, checkTensor('unsqueeze', x, more).rank + 1);
  return x.reshape(x.shape.toSpliced(place, 0, 1)) as never;
}

/**
 * Removes an axis of length 1, several such axes, or all of them.
 *
 * @throws ShapeError if a given axis has another length.
 * @example
 * squeeze(zeros([2, 1, 3, 1])).shape; // [2, 3]
 * squeeze(zeros([2, 1, 3, 1]), -1).shape; // [2, 1, 3]
 */
export function squeeze<S extends Shape, const A extends Axes = undefined>(
  x: Tensor<S>,
  axis?: A,
  ...more: []
): Of<Squeeze<S, A>> {
  const { shape, rank } = checkTensor('squeeze', x, more);
  const axes = normalizeAxes('squeeze', axis, rank).filter((i) => {
    if (shape[i] !== 1 && axis !== undefined) {
      throw new ShapeError(`squeeze: axis ${i} of ${formatShape(shape)} has length ${shape[i]}, expected 1`);
    }
    return shape[i] === 1;
  });
  return x.reshape(shape.filter((_, i) => !axes.includes(i))) as never;
}

/**
 * Swaps two axes.
 *
 * @example
 * swapaxes(zeros([2, 3, 4]), 0, -1).shape; // [4, 3, 2]
 */
export function swapaxes<S extends Shape, const A extends number, const B extends number>(
  x: Tensor<S>,
  axis: A,
  other: B,
  ...more: []
): Of<SwapAxes<S, A, B>> {
  const [a, b] = [axis, other].map((i) => normalizeAxis('swapaxes', i, checkTensor('swapaxes', x, more).rank));
  return x.permute(x.shape.map((_, i) => (i === a ? b! : i === b ? a! : i))) as never;
}

/** The pieces that an axis is split into, whose lengths along that axis are not known statically. */
export type Pieces<S extends Shape, A extends number> = Of<ReplaceAxis<S, A, readonly [number]>>[];

/**
 * Splits a tensor along an axis into pieces, which are views. `sizes` is either a list of sizes, or one size for all
 * pieces; the last piece may then be shorter. The axis defaults to the first.
 *
 * @throws ShapeError if the sizes in a list don't add up to the length of the axis.
 * @example
 * split(arange(5), 2).map((piece) => piece.toArray()); // [[0, 1], [2, 3], [4]]
 * split(arange(5), [1, 4]).map((piece) => piece.toArray()); // [[0], [1, 2, 3, 4]]
 */
export function split<S extends Shape, const A extends number = 0>(
  x: Tensor<S>,
  sizes: number | readonly number[],
  axis: A = 0 as A,
  ...more: []
): Pieces<S, A> {
  const i = normalizeAxis('split', axis, checkTensor('split', x, more).rank);
  const length = x.shape[i]!;
  const list =
    typeof sizes === 'number' ? equalSizes(length, sizes) : listOf('split', 'a size, or a list of sizes', sizes);
  for (const size of list) checkCount('split', 'a size', size, 0);
  const total = list.reduce((sum, size) => sum + size, 0);
  if (total !== length) {
    throw new ShapeError(
      `split: the sizes ${formatShape(list)} add up to ${total}, but axis ${i} has length ${length}`,
    );
  }
  let end = 0;
  return list.map((size) => {
    end += size;
    return x.slice(i, end - size, end);
  }) as never;
}

function equalSizes(length: number, size: number): number[] {
  checkCount('split', 'the size', size, 1);
  const count = Math.max(1, Math.ceil(length / size));
  return Array.from({ length: count }, (_, i) => Math.min(size, length - i * size));
}

/**
 * Splits a tensor along an axis into at most `count` pieces of equal size; the last piece may be shorter. The axis
 * defaults to the first.
 *
 * @example
 * chunk(arange(5), 2).map((piece) => piece.toArray()); // [[0, 1, 2], [3, 4]]
 */
export function chunk<S extends Shape, const A extends number = 0>(
  x: Tensor<S>,
  count: number,
  axis: A = 0 as A,
  ...more: []
): Pieces<S, A> {
  const length = x.shape[normalizeAxis('chunk', axis, checkTensor('chunk', x, more).rank)]!;
  checkCount('chunk', 'the count', count, 1);
  return split(x, Math.max(1, Math.ceil(length / count)), axis);
}

/** Repeats each entry of axis `i` `inner[i]` times, and then the whole axis `outer[i]` times. */
function repeated(x: Tensor, outer: Shape, inner: Shape): Tensor {
  const separate = x.shape.flatMap((length) => [1, length, 1]);
  const stretched = x.shape.flatMap((length, i) => [outer[i]!, length, inner[i]!]);
  const merged = x.shape.map((length, i) => outer[i]! * length * inner[i]!);
  return x.reshape(separate).broadcastTo(stretched).reshape(merged);
}

/**
 * Repeats the whole tensor `counts[i]` times along each axis i, like NumPy's and PyTorch's `tile`. If `counts` and the
 * shape differ in length, the shorter list is padded with ones at the front.
 *
 * @example
 * tile(tensor([1, 2]), [2, 2]).toArray(); // [[1, 2, 1, 2], [1, 2, 1, 2]]
 */
export function tile(x: Tensor, counts: readonly number[], ...more: []): Tensor {
  for (const count of listOf('tile', 'a list of counts', counts)) checkCount('tile', 'a count', count, 0);
  const rank = Math.max(checkTensor('tile', x, more).rank, counts.length);
  const filledUp = (list: readonly number[]) => [...new Array<number>(rank - list.length).fill(1), ...list];
  const whole = x.reshape(filledUp(x.shape));
  return repeated(whole, filledUp(counts), new Array<number>(rank).fill(1));
}

/**
 * Repeats each entry of an axis a given number of times, like NumPy's `repeat` and PyTorch's `repeat_interleave`. The axis
 * defaults to the first.
 *
 * @example
 * repeat(tensor([1, 2]), 2).toArray(); // [1, 1, 2, 2]
 * repeat(tensor([1, 2]), [1, 3]).toArray(); // [1, 2, 2, 2]
 */
export function repeat<S extends Shape, const A extends number = 0>(
  x: Tensor<S>,
  counts: number | readonly number[],
  axis: A = 0 as A,
  ...more: []
): Of<ReplaceAxis<S, A, readonly [number]>> {
  const i = normalizeAxis('repeat', axis, checkTensor('repeat', x, more).rank);
  for (const count of [counts].flat()) checkCount('repeat', 'a count', count, 0);
  const ones = x.shape.map(() => 1);
  if (typeof counts === 'number') return repeated(x, ones, ones.with(i, counts)) as never;
  if (counts.length !== x.shape[i]) {
    const got = `${counts.length} counts for axis ${i} of length ${x.shape[i]}`;
    throw new ArgumentError(`repeat: expected a count for each entry, got ${got}`);
  }
  return take(
    x,
    counts.flatMap((count, entry) => new Array<number>(count).fill(entry)),
    i,
  ) as never;
}

function rolled(x: Tensor, shift: number, axis: number): Tensor {
  const length = x.shape[axis]!;
  const first = length === 0 ? 0 : ((-shift % length) + length) % length;
  return first === 0 ? x.cast(x.dtype) : concat([x.slice(axis, first), x.slice(axis, 0, first)], axis);
}

/**
 * Shifts entries along an axis; entries shifted past one end reappear at the other. If several axes are given, each has
 * its own shift. If no axis is given, all elements are shifted in row-major order.
 *
 * @example
 * roll(tensor([1, 2, 3, 4]), 1).toArray(); // [4, 1, 2, 3]
 * roll(tensor([[1, 2], [3, 4]]), -1, 1).toArray(); // [[2, 1], [4, 3]]
 */
export function roll<S extends Shape>(
  x: Tensor<S>,
  shift: number | readonly number[],
  axis?: number | readonly number[],
  ...more: []
): Tensor<S> {
  const { rank, size, shape } = checkTensor('roll', x, more);
  const shifts = [shift].flat();
  const wrong = shifts.find((places) => !Number.isInteger(places));
  if (wrong !== undefined) throw new ArgumentError(`roll: expected integer shifts, got ${wrong}`);
  const axes = axis === undefined ? [0] : [axis].flat().map((i) => normalizeAxis('roll', i, rank));
  if (axes.length !== shifts.length) {
    throw new ArgumentError(`roll: expected a shift for each axis, got ${shifts.length} for ${axes.length}`);
  }
  if (axis === undefined) return rolled(x.reshape([size]), shifts[0]!, 0).reshape(shape) as Tensor<S>;
  return axes.reduce<Tensor>((turned, i, place) => rolled(turned, shifts[place]!, i), x) as Tensor<S>;
}

/** The options of `meshgrid`. */
export interface MeshgridOptions {
  /**
   * The order of the first two axes. With `ij`, axis `i` of the grids belongs to vector `i`; with `xy`, the first two
   * axes are swapped. Defaults to `ij`.
   */
  readonly indexing?: 'ij' | 'xy';
}

/**
 * Spans a grid by vectors, one vector for each axis. Returns one tensor per vector, which holds the vector's element at
 * every point of the grid.
 *
 * @example
 * const [rows, columns] = meshgrid([arange(2), arange(3)]);
 * rows.toArray(); // [[0, 0, 0], [1, 1, 1]]
 * columns.toArray(); // [[0, 1, 2], [0, 1, 2]]
 */
export function meshgrid<const Vectors extends readonly Tensor[]>(
  vectors: Vectors,
  options: MeshgridOptions = {},
  ...more: []
): { readonly [I in keyof Vectors]: Tensor } {
  checkNoMore('meshgrid', more);
  checkOptions('meshgrid', options, ['indexing']);
  const { indexing = 'ij' } = options;
  if (indexing !== 'ij' && indexing !== 'xy') {
    throw new ArgumentError(`meshgrid: unknown indexing '${indexing}', expected 'ij' or 'xy'`);
  }
  const shape = listOf<Tensor>('meshgrid', 'a list of vectors', vectors).map((x) => {
    if (checkTensor('meshgrid', x).rank === 1) return x.size;
    throw new ShapeError(`meshgrid: expected vectors, got shape ${formatShape(x.shape)}`);
  });
  const grids = vectors.map((x, i) => x.reshape(shape.map((_, j) => (i === j ? x.size : 1))).broadcastTo(shape));
  return (indexing === 'xy' && vectors.length > 1 ? grids.map((grid) => swapaxes(grid, 0, 1)) : grids) as never;
}
