/** Explains a difference between two tensors if the same elements are at other positions. */

import type { Tensor } from '@tapegrad/core';
import { type Data, type Shape, sizeOf } from '@tapegrad/kernels';
import { fits, type Precision } from '../differences/precision.ts';
import { arrangementsOf, sliceSums } from './axes.ts';
import type { Explanation } from './comparison.ts';
import type { Pair } from './explanations.ts';
import { type Factor, factorBetween, formatFactor } from './factors.ts';

/** A correction of `actual` that permutes and reverses its axes. */
export interface Mend {
  readonly order: readonly number[];
  readonly reversed: readonly number[];
  readonly factor: Factor;
}

export const besides = (found: Factor): string =>
  found.factor === 1 ? '' : `, and off by the factor ${formatFactor(found)}`;

const swapLast = (axes: readonly number[]): number[] => [...axes.slice(0, -2), ...axes.slice(-2).reverse()];

/** Returns whether an order of axes swaps the last two. */
export const isTransposition = (order: readonly number[]): boolean =>
  String(order) === String(swapLast([...order.keys()]));

/** Permutes the axes of a tensor, then reverses some axes of the result. */
function arranged(x: Tensor, order: readonly number[], reversed: readonly number[]): Data {
  const permuted = x.detach().permute(order);
  return reversed.length === 0 ? permuted.data : permuted.flip(reversed).data;
}

/** Finds the simplest order and reversal of axes that corrects `actual`, up to a factor. */
export function mendOf(
  expected: Tensor,
  actual: Tensor,
  precision: Precision,
  n: number | undefined,
): Mend | undefined {
  const { shape, rank, data } = expected;
  if (rank === 0 || rank !== actual.rank || expected.size !== actual.size) return undefined;
  const tolerance = Math.max(1e-9, 16 * precision.bound * precision.epsilon, precision.tolerance);
  const found = arrangementsOf(data, shape, actual.data, actual.shape, tolerance);
  const transposition = { order: swapLast([...shape.keys()]), reversed: [] };
  for (const { order, reversed } of rank < 2 ? found : [transposition, ...found]) {
    if (!order.every((axis, i) => actual.shape[axis] === shape[i])) continue;
    const factor = factorBetween(data, arranged(actual, order, reversed), precision, n, shape);
    if (factor !== undefined) return { order, reversed, factor };
  }
  return undefined;
}

/** Describes axes that are reversed, and possibly also reordered. */
export function explainReversal({ order, reversed, factor }: Mend): Explanation {
  const isTurned = order.length > 1 && String(reversed) === String([order.length - 2, order.length - 1]);
  const along = `along ${reversed.length > 1 ? 'axes' : 'axis'} ${reversed.join(' and ')}`;
  const isInOrder = order.every((axis, i) => axis === i);
  const moved = isInOrder ? '' : `, and has its axes in another order; permute([${order.join(', ')}]) corrects it`;
  return {
    kind: 'reversed',
    axes: reversed,
    order: isInOrder ? undefined : order,
    factor: factor.factor,
    message: `${isTurned ? 'is rotated by 180 degrees, reversed' : 'is reversed'} ${along}${moved}${besides(factor)}`,
  };
}

/** Moves the elements along an axis by `by` positions. Elements either wrap around the end, or are replaced by NaN. */
function movedAlong(x: Data, shape: Shape, axis: number, by: number, isRolled: boolean): Float64Array {
  const [length, inner] = [shape[axis]!, sizeOf(shape.slice(axis + 1))];
  const moved = new Float64Array(x.length).fill(Number.NaN);
  for (let place = 0; place < x.length; place++) {
    const index = Math.floor(place / inner) % length;
    const to = index + by;
    if (!isRolled && (to < 0 || to >= length)) continue;
    const around = ((to % length) + length) % length;
    moved[place + (around - index) * inner] = x[place]!;
  }
  return moved;
}

/** Detects whether the same elements are at other indices of an axis, or in another order. */
export function movedElements(pair: Pair): Explanation | undefined {
  const { expected, actual, shape, precision } = pair;
  const square = (element: number): number => element * element;
  for (const [axis, length] of shape.entries()) {
    if (length < 2) continue;
    const [wanted, found] = [expected, actual].map((x) => sliceSums(x, shape, axis, square)) as [
      Float64Array,
      Float64Array,
    ];
    const isAlike = (x: number, y: number): boolean => Math.abs(x - y) <= 1e-6 * Math.max(x, y);
    for (let by = 1; by < length; by++) {
      if (!isAlike(found[by]!, wanted[0]!) || wanted[0] === 0) continue;
      const message = moved(pair, axis, by, true);
      if (message !== undefined) return message;
    }
    for (let by = 1; 2 * by <= length; by++) {
      if (isAlike(found[by]!, wanted[0]!)) {
        const message = moved(pair, axis, by, false);
        if (message !== undefined) return message;
      }
      if (isAlike(found[0]!, wanted[by]!)) {
        const message = moved(pair, axis, -by, false);
        if (message !== undefined) return message;
      }
    }
  }
  const sorted = (x: Data): Float64Array => Float64Array.from(x).sort();
  const isVaried = new Set(expected).size > 2;
  if (!isVaried || !fits(sorted(expected), sorted(actual), { ...precision, errors: undefined })) return undefined;
  return { kind: 'reordered', message: 'has the right elements, but in another order' };
}

function moved({ expected, actual, shape, precision }: Pair, axis: number, by: number, isRolled: boolean) {
  const wanted = movedAlong(expected, shape, axis, by, isRolled);
  // Elements that are shifted in at an end may have any value. The remaining elements must not all be equal.
  const known = isRolled ? wanted : wanted.map((element, i) => (Number.isNaN(element) ? actual[i]! : element));
  const isTelling = new Set(wanted.filter((element) => !Number.isNaN(element))).size > 1;
  for (const factor of [1, -1]) {
    const signed = isRolled
      ? known
      : known.map((element, i) => (Number.isNaN(wanted[i]!) ? element * factor : element));
    if (!isTelling || !fits(signed, actual, { ...precision, errors: undefined }, factor)) continue;
    const kind = isRolled ? 'rolled' : 'shifted';
    const sign = factor === 1 ? '' : ', with its sign changed';
    const border = isRolled ? '' : ', with other elements at the edge';
    return { kind, axis, by, factor, message: `is ${kind} by ${by} along axis ${axis}${border}${sign}` } as const;
  }
  return undefined;
}
