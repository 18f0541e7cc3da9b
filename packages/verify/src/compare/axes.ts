/** Which axis of one tensor is which of another, by what their slices add up to. */

import { type Data, type Shape, sizeOf } from '@tapegrad/kernels';
import { largestOf } from '../differences/precision.ts';

/** What an axis is recognised by: for each of its indices what the slice there adds up to, whatever the order of other axes. */
interface Signature {
  /** The share of each slice in the sum of squares. */
  readonly squares: readonly number[];
  /** The size of each slice's sum, as a share of the largest. */
  readonly sums: readonly number[];
}

/** An axis of the other tensor, forwards or backwards. */
interface Candidate {
  readonly axis: number;
  readonly reversed: boolean;
}

/** The axes of `actual` in the order that `expected` has, and which of them run backwards. */
export interface Arrangement {
  readonly order: readonly number[];
  /** Axes of the result that are reversed. */
  readonly reversed: readonly number[];
}

/** The sum over each slice along an axis, of what `of` makes of the elements. */
export function sliceSums(x: Data, shape: Shape, axis: number, of: (element: number) => number): Float64Array {
  const length = shape[axis]!;
  const inner = sizeOf(shape.slice(axis + 1));
  const sums = new Float64Array(length);
  for (let i = 0; i < x.length; i++) sums[Math.floor(i / inner) % length]! += of(x[i]!);
  return sums;
}

/** Shares of what is finite: neither a factor nor a sign changes them. */
function signatureOf(x: Data, shape: Shape, axis: number): Signature {
  const finite = (element: number): number => (Number.isFinite(element) ? element : 0);
  const largest = largestOf(x) || 1;
  const squares = sliceSums(x, shape, axis, (element) => (finite(element) / largest) ** 2);
  const sums = sliceSums(x, shape, axis, (element) => finite(element) / largest).map(Math.abs);
  const total = squares.reduce((sum, square) => sum + square, 0) || 1;
  const most = sums.reduce((size, sum) => Math.max(size, sum), 0);
  // Sums that cancel are all rounding.
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

/** How many arrangements are given at most: where slices are all alike, most orders of the axes are possible. */
const most = 64;

/**
 * The arrangements of the axes of `actual` in which each has the signature of that of `expected`: all but the one in which
 * they are. Axes are matched one by one, so that the work grows with the square of the rank, not with its factorial.
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
  // What moves fewest axes explains most.
  const changes = ({ order, reversed }: Arrangement): number =>
    order.filter((axis, at) => axis !== at).length + 3 * reversed.length;
  return found.sort((a, b) => changes(a) - changes(b));
}
