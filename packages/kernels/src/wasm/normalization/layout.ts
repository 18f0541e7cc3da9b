/** How the elements of a normalisation lie in memory: rows, the groups they belong to, and their weights. */

import { type Shape, sizeOf } from '../../arrays/shape.ts';

/** The minimum length of rows that have one weight each. For shorter rows, this layout is too slow. */
const LEAST_ROW = 16;

/** The layout of an array as rows. A row has its own mean, or shares one with other rows. */
export interface RowLayout {
  readonly rows: number;
  readonly length: number;
  /**
   * Whether each row is a group of its own, with a weight for each element. The rows of weights are then used in turn.
   * Otherwise, each row has a single weight, and the rows of a group share a mean.
   */
  readonly own: boolean;
  /** For rows with one weight: the group of each row, and the number of groups. */
  readonly groupOf: Int32Array;
  readonly groups: number;
  /** The number of adjacent rows that form a group, or 0 if the rows of a group lie apart. */
  readonly adjacent: number;
  /** For each row, the index of its row of weights, or of its single weight. `weights` is the number of these. */
  readonly weightOf: Int32Array;
  readonly weights: number;
  /**
   * The shape to which weights are broadcast: the shape of the array, with length 1 along the axes on which the weights
   * don't depend.
   */
  readonly weightShape: Shape;
}

/** Adjacent axes that can be merged, since they have the same properties. */
interface Run {
  length: number;
  readonly isReduced: boolean;
  readonly isWeighted: boolean;
}

function runsOf(shape: Shape, axes: readonly number[], weightShape: Shape): Run[] {
  const runs: Run[] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const [isReduced, isWeighted] = [axes.includes(axis), weightShape[axis] !== 1];
    const last = runs.at(-1);
    if (last?.isReduced === isReduced && last.isWeighted === isWeighted) last.length *= length;
    else runs.push({ length, isReduced, isWeighted });
  });
  return runs;
}

/** Numbers the rows along the chosen axes only: rows that differ only along other axes get the same number. */
function numbered(runs: readonly Run[], rows: number, isChosen: (run: Run) => boolean): Int32Array {
  const numbers = new Int32Array(rows);
  let [inner, step] = [1, 1];
  for (const run of runs.toReversed()) {
    if (isChosen(run)) {
      for (let row = 0; row < rows; row++) numbers[row]! += (Math.floor(row / inner) % run.length) * step;
      step *= run.length;
    }
    inner *= run.length;
  }
  return numbers;
}

/**
 * Returns the shape of the weights. Along an axis on which one of `parts` depends, the length is the array's; along
 * other axes, it is 1.
 */
function weightShapeOf(shape: Shape, parts: readonly Shape[]): Shape {
  return shape.map((length, axis) =>
    parts.some((part) => (part[axis - (shape.length - part.length)] ?? 1) !== 1) ? length : 1,
  );
}

/**
 * Returns the layout of a normalisation over some axes of a contiguous array, with weights of the given shapes. Returns
 * `undefined` if the array has no rows of this kind.
 */
export function rowLayout(shape: Shape, axes: readonly number[], parts: readonly Shape[]): RowLayout | undefined {
  const weightShape = weightShapeOf(shape, parts);
  const runs = runsOf(shape, axes, weightShape);
  const last = runs.at(-1);
  if (last === undefined || !last.isReduced || sizeOf(shape) === 0) return undefined;
  const before = runs.slice(0, -1);
  const own = last.isWeighted;
  const firstWeighted = before.findIndex((run) => run.isWeighted);
  const takeTurns = firstWeighted === -1 || before.slice(firstWeighted).every((run) => run.isWeighted);
  if (own ? before.some(({ isReduced }) => isReduced) || !takeTurns : last.length < LEAST_ROW) return undefined;
  const rows = before.reduce((product, { length }) => product * length, 1);
  const count = (isChosen: (run: Run) => boolean) =>
    before.reduce((product, run) => product * (isChosen(run) ? run.length : 1), 1);
  const isKept = ({ isReduced }: Run) => !isReduced;
  const isWeighted = (run: Run) => run.isWeighted;
  const groups = count(isKept);
  const firstReduced = before.findIndex(({ isReduced }) => isReduced);
  const areAdjacent = firstReduced === -1 || before.slice(firstReduced).every(({ isReduced }) => isReduced);
  return {
    rows,
    length: last.length,
    own,
    groupOf: numbered(before, rows, isKept),
    groups,
    adjacent: areAdjacent ? rows / groups : 0,
    weightOf: numbered(before, rows, isWeighted),
    weights: count(isWeighted),
    weightShape,
  };
}
