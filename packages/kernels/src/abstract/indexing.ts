/** Result types of `take` and `scatterAdd`, with checks of their operands. */

import { checkShape, formatShape, sameShape } from '../arrays/shape.ts';
import { ShapeError } from '../error-classes.ts';
import type { ArrayLike, IndexingKernels } from '../primitives.ts';
import { checkAxis, checkInt32, checkNumeric, type } from './dtype-checks.ts';

export const indexingResultOf: IndexingKernels<ArrayLike> = {
  take(x, indices, axis) {
    checkInt32('take', indices);
    checkAxis('take', axis, x.shape.length);
    return type([...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], x.dtype);
  },
  scatterAdd(x, indices, { axis, size }) {
    checkNumeric('scatterAdd', x);
    checkInt32('scatterAdd', indices);
    checkAxis('scatterAdd', axis, x.shape.length - indices.shape.length + 1);
    const rest = axis + indices.shape.length;
    if (!sameShape(x.shape.slice(axis, rest), indices.shape)) {
      const got = `${formatShape(x.shape)} with indices ${formatShape(indices.shape)}`;
      throw new ShapeError(`scatterAdd: expected the indices' axes from axis ${axis} on, got ${got}`);
    }
    const shape = [...x.shape.slice(0, axis), size, ...x.shape.slice(rest)];
    checkShape('scatterAdd', shape);
    return type(shape, x.dtype);
  },
};
