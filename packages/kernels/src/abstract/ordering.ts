/** Result types of `argmax`, `argmin` and `argsort`, with checks of their operands. */

import { formatShape, type Shape } from '../arrays/shape.ts';
import { ArgumentError } from '../error-classes.ts';
import type { ArrayLike, OrderingKernels } from '../primitives.ts';
import { checkAxis, checkNumeric, type } from './dtype-checks.ts';
import { checkNotEmpty, reducedShape } from './shape-inference.ts';

const MAX_POSITIONS = 2 ** 31;

/** Throws if an axis has too many entries for int32 indices. */
function checkPositions(call: string, shape: Shape, axis: number): void {
  if (shape[axis]! > MAX_POSITIONS) {
    const got = `axis ${axis} of ${formatShape(shape)}`;
    throw new ArgumentError(`${call}: indices are int32, but ${got} has more than 2^31 entries; split it`);
  }
}

const argExtremum = (call: string) => (x: ArrayLike, axis: number) => {
  checkNumeric(call, x);
  const shape = reducedShape(call, x, [axis]);
  checkPositions(call, x.shape, axis);
  checkNotEmpty(call, x, [axis]);
  return type(shape, 'int32');
};

export const orderingResultOf: OrderingKernels<ArrayLike> = {
  argmax: argExtremum('argmax'),
  argmin: argExtremum('argmin'),
  argsort(x, { axis, count }) {
    checkAxis('argsort', axis, x.shape.length);
    checkPositions('argsort', x.shape, axis);
    if (count === undefined) return type(x.shape, 'int32');
    const length = x.shape[axis]!;
    if (!(Number.isInteger(count) && count >= 0 && count <= length)) {
      throw new ArgumentError(
        `argsort: expected a count from 0 to ${length}, the length of axis ${axis}, got ${count}`,
      );
    }
    return type(x.shape.with(axis, count), 'int32');
  },
};
