/** Result types of the primitives of normalisation, with checks of their operands. */

import { broadcastShapes, formatShape, type Shape, sameShape } from '../arrays/shape.ts';
import { ShapeError } from '../error-classes.ts';
import type { ArrayLike, NormalizationKernels } from '../primitives.ts';
import { checkAxis, checkFloat, checkSameDType, checkSameShape, type } from './dtype-checks.ts';

function checkNormalized(call: string, x: ArrayLike, axes: readonly number[]): void {
  checkFloat(call, x);
  for (const axis of axes) checkAxis(call, axis, x.shape.length);
}

/** Throws unless an operand has the dtype of x and broadcasts to the shape of x. */
function checkBeside(call: string, part: ArrayLike, x: ArrayLike): void {
  checkSameDType(call, part, x);
  checkBroadcasts(call, part.shape, x.shape);
}

function checkBroadcasts(call: string, part: Shape, shape: Shape): void {
  if (sameShape(broadcastShapes(call, part, shape), shape)) return;
  throw new ShapeError(`${call}: ${formatShape(part)} does not broadcast to ${formatShape(shape)}`);
}

export const normalizationResultOf: NormalizationKernels<ArrayLike> = {
  normalize(x, w, b, { axes }) {
    checkNormalized('normalize', x, axes);
    checkBeside('normalize', w, x);
    checkBeside('normalize', b, x);
    return type(x.shape, x.dtype);
  },
  normalizeGrad(g, x, w, { axes }) {
    checkNormalized('normalizeGrad', x, axes);
    checkSameDType('normalizeGrad', g, x);
    checkSameShape('normalizeGrad', g, x);
    checkBeside('normalizeGrad', w, x);
    return type(x.shape, x.dtype);
  },
  normalizeWeightGrad(g, x, { axes, shape }) {
    checkNormalized('normalizeWeightGrad', x, axes);
    checkSameDType('normalizeWeightGrad', g, x);
    checkSameShape('normalizeWeightGrad', g, x);
    checkBroadcasts('normalizeWeightGrad', shape, x.shape);
    return type(shape, x.dtype);
  },
  moments(x, axes) {
    checkNormalized('moments', x, axes);
    return type([2, ...x.shape.map((length, i) => (axes.includes(i) ? 1 : length))], x.dtype);
  },
};
