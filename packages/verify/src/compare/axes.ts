/** Matches the axes of one tensor with those of another by comparing sums over slices. */

import { type Data, type Shape, sizeOf } from '@tapegrad/kernels';
import { largestOf } from '../differences/precision.ts';

/**
 * The features by which an axis is recognized: statistics of its slices that don't depend on the order of the other
 * axes.
 */
interface Signature {
  /** The fraction that each slice contributes to the total sum of squares. */
  readonly squares: readonly number[];
  /** The absolute value of the sum of each slice, relative to the largest one. */
  readonly sums: readonly number[];
}

/** An axis of the other tensor, in forward or reverse order. */
interface Candidate {
  readonly axis: number;
  readonly reversed: boolean;
}

/** An order of the axes of `actual` that matches `expected`, and the axes that are reversed. */
export interface Arrangement {
  readonly order: readonly number[];
  /** Axes of the result that are reversed. */
  readonly reversed: readonly number[];
}

/** Returns, for each slice along an axis, the sum of `of(element)` over its elements. */
export function sliceSums(x: Data, shape: Shape, axis: number, of: (element: number) => number): Float64Array {
  const length = shape[axis]!;
  const inner = sizeOf(shape.slice(axis + 1));
  const sums = new Float64Array(length);
  for (let i = 0; i < x.length; i++) sums[Math.floor(i / inner) % length]! += of(x[i]!);
  return sums;
}

/**
 * Computes the signature of an axis from the finite elements. Multiplying the tensor by a number doesn't change the
 * signature.
 */
function signatureOf(x: Data, shape: Shape, axis: number): Signature {
  const finite = (element: number): number => (Number.isFinite(element) ? element : 0);
  const largest = largestOf(x) || 1;
  const squares = sliceSums(x, shape, axis, (element) => (finite(element) / largest) ** 2);
  const sums = sliceSums(x, shape, axis, (element) => finite(element) / largest).map(Math.abs);
  const total = squares.reduce((sum, square) => sum + square, 0) || 1;
  const most = sums.reduce((size, sum) => Math.max(size, sum), 0);
  // Sums that are all nearly 0 consist only of rounding errors.
  const isTelling = most > 1e-6 * Math.sqrt(x.length);
  return {
    squares: Array.from(squares, (square) => square / total),
    sums: Array.from(sums, (sum) => (isTelling ? sum / most : 0)),
  };
}

function matches(one: Signature, other: Signature, reversed: boolean, tolerance: number): boolean {
  const isClose = (x: readonly number[], y: readonly number[]): boolean =>
    x.every((share, i) => Math.abs(share - y[reversed ? y.length - 1 - i : i]!) <= tolerance);
  return isClose(one.squares, other.squares) && isClose(one.sums, other.sums);
}

/** The maximum number of arrangements to return. If all slices are alike, almost every order of the axes is possible. */
const most = 64;

/**
 * Returns the arrangements of the axes of `actual` whose signatures match those of `expected`, except the identity.
 * Axes are matched one at a time. So the number of comparisons of signatures grows with the square of the rank, and not
 * with its factorial.
 */
export function arrangementsOf(
  expected: Data,
  shape: Shape,
  actual: Data,
  actualShape: Shape,
  tolerance: number,
): Arrangement[] {
  const rank = shape.length;
  if (rank === 0 || actualShape.length !== rank || expected.length !== actual.length) return [];
  const axes = [...shape.keys()];
  const signatures = axes.map((axis) => signatureOf(expected, shape, axis));
  const others = axes.map((axis) => signatureOf(actual, actualShape, axis));
  const candidates = signatures.map((signature, i): Candidate[] => {
    const alike = axes.filter((axis) => actualShape[axis] === shape[i]);
    const forwards = alike.filter((axis) => matches(signature, others[axis]!, false, tolerance));
    const backwards = alike.filter((axis) => shape[i]! > 1 && matches(signature, others[axis]!, true, tolerance));
    return [
      ...forwards.map((axis) => ({ axis, reversed: false })),
      ...backwards.map((axis) => ({ axis, reversed: true })),
    ];
  });

  const found: Arrangement[] = [];
  const chosen: Candidate[] = [];
  let steps = 16 * most * rank;
  const choose = (): void => {
    const i = chosen.length;
    if (found.length === most || steps-- <= 0) return;
    if (i === rank) {
      const order = chosen.map(({ axis }) => axis);
      const reversed = axes.filter((axis) => chosen[axis]!.reversed);
      if (reversed.length > 0 || order.some((axis, at) => axis !== at)) found.push({ order, reversed });
      return;
    }
    for (const candidate of candidates[i]!) {
      if (chosen.some(({ axis }) => axis === candidate.axis)) continue;
      chosen.push(candidate);
      choose();
      chosen.pop();
    }
  };
  choose();
  // Sorts arrangements that move the fewest axes first, since they are the most likely explanations.
  const changes = ({ order, reversed }: Arrangement): number =>
    order.filter((axis, at) => axis !== at).length + 3 * reversed.length;
  return found.sort((a, b) => changes(a) - changes(b));
}
