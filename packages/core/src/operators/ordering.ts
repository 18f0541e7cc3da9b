/** Functions that sort elements or select them by rank. */

import { ArgumentError, contiguous, NdArray, newData, normalizeAxis, type Shape } from '@tapegrad/kernels';
import { checkTensor } from '../checks/operands.ts';
import { checkOptions } from '../checks/untyped-callers.ts';
import { type Of, Tensor } from '../tensor.ts';
import type { ReplaceAxis } from '../types/static-shapes.ts';
import { orderingKernels } from './extensions.ts';
import { gather } from './selection.ts';

/** The options of `sort` and `argsort`. */
export interface SortOptions {
  /** Whether to sort in descending order, with NaN first. Defaults to false. */
  readonly descending?: boolean;
}

function isDescending(call: string, options: SortOptions): boolean {
  checkOptions(call, options, ['descending']);
  return options.descending ?? false;
}

/**
 * Returns the int32 positions of the elements of an axis in ascending order of the elements. The axis defaults to the
 * last. The sort is stable. NaN counts as the largest value and comes last.
 *
 * @example
 * argsort(tensor([3, 1, 2])).toArray(); // [1, 2, 0]
 */
export function argsort<S extends Shape>(x: Tensor<S>, axis = -1, options: SortOptions = {}, ...more: []): Tensor<S> {
  const i = normalizeAxis('argsort', axis, checkTensor('argsort', x, more).rank);
  return orderingKernels().argsort(x, { axis: i, descending: isDescending('argsort', options) }) as Tensor<S>;
}

/**
 * Sorts the elements of an axis in ascending order, with NaN last. The axis defaults to the last. Gradients flow back to
 * the elements' original positions.
 *
 * @example
 * sort(tensor([3, 1, 2]), 0, { descending: true }).toArray(); // [3, 2, 1]
 */
export function sort<S extends Shape>(x: Tensor<S>, axis = -1, options: SortOptions = {}, ...more: []): Tensor<S> {
  const i = normalizeAxis('sort', axis, checkTensor('sort', x, more).rank);
  const descending = isDescending('sort', options);
  return gather(x, argsort(x, i, { descending }), i) as Tensor<S>;
}

/** The options of `topk`. */
export interface TopKOptions {
  /** Whether to select the largest elements instead of the smallest. Defaults to true. */
  readonly largest?: boolean;
}

/** The selected elements and their positions. */
export interface TopK<S extends Shape = Shape> {
  readonly values: Of<S>;
  /** The positions of the elements along the axis, int32. */
  readonly indices: Of<S>;
}

/**
 * Returns the `count` largest elements of an axis and their positions, largest first. Among tied elements, earlier ones
 * come first. The axis defaults to the last. NaN counts as the largest value.
 *
 * @throws ArgumentError if the axis has fewer elements.
 * @example
 * const { values, indices } = topk(tensor([1, 5, 3, 4]), 2);
 * values.toArray(); // [5, 4]
 * indices.toArray(); // [1, 3]
 */
export function topk<S extends Shape, const K extends number, const A extends number = -1>(
  x: Tensor<S>,
  count: K,
  axis: A = -1 as A,
  options: TopKOptions = {},
  ...more: []
): TopK<ReplaceAxis<S, A, readonly [K]>> {
  checkOptions('topk', options, ['largest']);
  const { largest = true } = options;
  const i = normalizeAxis('topk', axis, checkTensor('topk', x, more).rank);
  const length = x.shape[i]!;
  if (!(Number.isInteger(count) && count >= 0 && count <= length)) {
    throw new ArgumentError(`topk: expected a count from 0 to ${length}, the length of axis ${i}, got ${count}`);
  }
  const indices = orderingKernels().argsort(x, { axis: i, descending: largest, count });
  return { values: gather(x, indices, i), indices } as never;
}

/** The distinct values of a tensor. */
export interface Unique {
  /** The distinct values in ascending order, with NaN last. Each NaN is listed separately, since no NaN equals another. */
  readonly values: Tensor<readonly [number]>;
  /** The number of occurrences of each value, as int32. */
  readonly counts: Tensor<readonly [number]>;
  /** For each element of the tensor, the index of its value in `values`, as int32. Has the tensor's shape. */
  readonly inverse: Tensor;
}

/**
 * Returns the distinct values of a tensor; no gradient flows.
 *
 * @example
 * const { values, counts, inverse } = unique(tensor([2, 1, 2]));
 * values.toArray(); // [1, 2]
 * counts.toArray(); // [1, 2]
 * inverse.toArray(); // [1, 0, 1]
 */
export function unique(x: Tensor, ...more: []): Unique {
  const { data, dtype } = checkTensor('unique', x, more);
  const order = argsort(new Tensor(contiguous(x.array)).reshape([x.size]), 0).data;
  const counts: number[] = [];
  const values: number[] = [];
  const inverse = new Int32Array(x.size);
  for (const place of order) {
    const value = data[place]!;
    if (value !== values.at(-1)) {
      values.push(value);
      counts.push(0);
    }
    counts[counts.length - 1]! += 1;
    inverse[place] = counts.length - 1;
  }
  const list = newData(dtype, values.length);
  list.set(values);
  return {
    values: new Tensor(new NdArray(list, dtype, [values.length])),
    counts: new Tensor(new NdArray(Int32Array.from(counts), 'int32', [counts.length])),
    inverse: new Tensor(new NdArray(inverse, 'int32', x.shape)),
  };
}
