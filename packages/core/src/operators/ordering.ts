/** Elements put in order. */

import { ArgumentError, contiguous, NdArray, newData, normalizeAxis, type Shape } from '@tapegrad/kernels';
import { checkOptions } from '../checks/untyped-callers.ts';
import { sliceAxis } from '../composites.ts';
import { checkTensor, kernels as k, type Of, Tensor } from '../tensor.ts';
import type { ReplaceAxis } from '../types/static-shapes.ts';

/** The options of `sort` and `argsort`. */
export interface SortOptions {
  /** Whether the largest come first, and NaN before them. */
  readonly descending?: boolean;
}

function isDescending(call: string, options: SortOptions): boolean {
  checkOptions(call, options, ['descending']);
  return options.descending ?? false;
}

/**
 * The positions, int32, of the elements of an axis (the last unless given) in ascending order. Equals stay in their order,
 * and NaN comes last, as it counts as the largest.
 *
 * @example
 * argsort(tensor([3, 1, 2])).toArray(); // [1, 2, 0]
 */
export function argsort<S extends Shape>(x: Tensor<S>, axis = -1, options: SortOptions = {}, ...more: []): Tensor<S> {
  const i = normalizeAxis('argsort', axis, checkTensor('argsort', x, more).rank);
  return k.argsort(x, { axis: i, descending: isDescending('argsort', options) }) as Tensor<S>;
}

/**
 * The elements of an axis (the last unless given) in ascending order, NaN last; a gradient goes back to where its element
 * came from.
 *
 * @example
 * sort(tensor([3, 1, 2]), 0, { descending: true }).toArray(); // [3, 2, 1]
 */
export function sort<S extends Shape>(x: Tensor<S>, axis = -1, options: SortOptions = {}, ...more: []): Tensor<S> {
  const i = normalizeAxis('sort', axis, checkTensor('sort', x, more).rank);
  const descending = isDescending('sort', options);
  return x.gather(argsort(x, i, { descending }), i) as Tensor<S>;
}

/** The options of `topk`. */
export interface TopKOptions {
  /** Whether to take the largest, as unless given, or the smallest. */
  readonly largest?: boolean;
}

/** Elements, and where they lay. */
export interface TopK<S extends Shape = Shape> {
  readonly values: Of<S>;
  /** int32 positions along the axis. */
  readonly indices: Of<S>;
}

/**
 * The `count` largest elements of an axis (the last unless given), largest first, with their positions; of equals the first
 * ones. NaN counts as the largest.
 *
 * @throws ArgumentError where the axis has fewer elements.
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
  const order = k.argsort(x, { axis: i, descending: largest });
  const indices = sliceAxis<Tensor>(k, order, i, 0, count);
  return { values: x.gather(indices, i), indices } as never;
}

/** The values of a tensor, each once. */
export interface Unique {
  /** In ascending order, NaN last; a NaN differs from every other. */
  readonly values: Tensor<readonly [number]>;
  /** How often each occurs, int32. */
  readonly counts: Tensor<readonly [number]>;
  /** For each element of the tensor, in its shape, the position of its value in `values`, int32. */
  readonly inverse: Tensor;
}

/**
 * The values that occur in a tensor, each once; no gradient flows.
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
