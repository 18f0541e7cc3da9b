/** Statistics of features over batches of data, in float64. */

import { ArgumentError, type Data, type DType, DTypeError, ShapeError, type Tensor } from '@tapegrad/core';
import { checkTensor, describeValue, formatShape, isFloat } from '@tapegrad/core/extend';

/** One tensor of examples, or several batches of them. */
export type Batches = Tensor | Iterable<Tensor>;

/** The layout of features in a tensor: element i belongs to feature (i / inner) % features. */
export interface Layout {
  readonly features: number;
  readonly inner: number;
}

/** Throws if a tensor has a dtype or elements that a transform does not accept. */
export function checkData(call: string, x: Tensor): void {
  checkTensor(call, x);
  if (!isFloat(x.dtype as DType)) {
    throw new DTypeError(`${call}: expected float32 or float64, got ${x.dtype}; cast it with x.cast('float32')`);
  }
  if (x.requiresGrad) {
    throw new ArgumentError(`${call}: a transform of data has no gradient; call it with x.detach()`);
  }
}

/** Returns the layout of a tensor's features. If the axis is null, all elements belong to one feature. */
export function layoutOf(call: string, { shape }: Tensor, axis: number | null): Layout {
  if (axis === null) return { features: 1, inner: 1 };
  if (axis >= shape.length) {
    const mend = shape.length === 1 ? ', or { axis: null } to treat all numbers as one feature' : '';
    throw new ShapeError(`${call}: expected features along axis ${axis}, got shape ${formatShape(shape)}${mend}`);
  }
  return { features: shape[axis]!, inner: shape.slice(axis + 1).reduce((size, length) => size * length, 1) };
}

/** Throws unless an axis is null or a nonnegative integer. */
export function checkAxis(call: string, axis: number | null): void {
  if (axis !== null && (!Number.isInteger(axis) || axis < 0)) {
    throw new ArgumentError(`${call}: expected an axis of 0 or more, or null, got ${describeValue(axis)}`);
  }
}

/** Calls a function for each batch and its layout. All batches must have the same number of features. */
export function forEachBatch(
  call: string,
  data: Batches,
  axis: number | null,
  visit: (elements: Data, layout: Layout) => void,
): void {
  const isOne = typeof data !== 'object' || data === null || !(Symbol.iterator in data) || 'dtype' in data;
  let known: Layout | undefined;
  for (const x of isOne ? [data as Tensor] : data) {
    checkData(call, x);
    const layout = layoutOf(call, x, axis);
    if (known !== undefined && known.features !== layout.features) {
      throw new ShapeError(
        `${call}: expected ${known.features} features, as in the first batch, got ${layout.features}`,
      );
    }
    known = layout;
    visit(x.data, layout);
  }
  if (known === undefined) throw new ArgumentError(`${call}: expected data, got no batch`);
}

/** The mean, the variance and the range of each feature. */
export interface Moments {
  readonly count: Float64Array;
  readonly mean: Float64Array;
  /** The population variance: the sum of squares divided by n, not n - 1. */
  readonly variance: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/**
 * Computes the moments of each feature. Each batch is read twice, and the results of batches are merged (Chan, Golub
 * and LeVeque, 1983), so that no digits are lost if the mean is large.
 *
 * @param missing Whether NaN is an error or a missing value to skip.
 */
export function momentsOf(call: string, data: Batches, axis: number | null, missing: 'error' | 'skip'): Moments {
  let [count, mean, squares, min, max] = Array.from({ length: 5 }, () => new Float64Array(0));
  forEachBatch(call, data, axis, (elements, { features, inner }) => {
    if (count!.length === 0) {
      [count, mean, squares] = [0, 0, 0].map(() => new Float64Array(features));
      min = new Float64Array(features).fill(Infinity);
      max = new Float64Array(features).fill(-Infinity);
    }
    const [n, sum, square] = [0, 0, 0].map(() => new Float64Array(features)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (let i = 0; i < elements.length; i++) {
      const [x, f] = [elements[i]!, Math.floor(i / inner) % features];
      if (!Number.isFinite(x)) {
        if (missing === 'skip' && Number.isNaN(x)) continue;
        const where = axis === null ? '' : ` of feature ${f}`;
        const mend = Number.isNaN(x) ? '; fill missing values with an Imputer, or filter them out' : '';
        throw new ArgumentError(`${call}: expected finite numbers, got ${x} at element ${i}${where}${mend}`);
      }
      n[f]!++;
      sum[f]! += x;
      if (x < min![f]!) min![f] = x;
      if (x > max![f]!) max![f] = x;
    }
    for (let f = 0; f < features; f++) sum[f]! /= Math.max(1, n[f]!);
    for (let i = 0; i < elements.length; i++) {
      const f = Math.floor(i / inner) % features;
      const deviation = elements[i]! - sum[f]!;
      if (!Number.isNaN(deviation)) square[f]! += deviation * deviation;
    }
    for (let f = 0; f < features; f++) {
      if (n[f] === 0) continue;
      const total = count![f]! + n[f]!;
      const shift = sum[f]! - mean![f]!;
      mean![f]! += (shift * n[f]!) / total;
      squares![f]! += square[f]! + (shift * shift * count![f]! * n[f]!) / total;
      count![f] = total;
    }
  });
  if (count!.length === 0 || (missing === 'error' && count!.includes(0))) {
    throw new ArgumentError(`${call}: expected data with examples, got none`);
  }
  const variance = squares!.map((sum, f) => sum / Math.max(1, count![f]!));
  return { count: count!, mean: mean!, variance, min: min!, max: max! };
}
