/** The plain loops of the primitives that every program includes. */

import { resultOf } from '../abstract/shape-inference.ts';
import type { NdArray } from '../arrays/array.ts';
import { forEachMatrix } from '../arrays/matrices.ts';
import { emptyOf, movement } from '../arrays/movement.ts';
import type { CommonKernels } from '../primitives.ts';
import { crossEntropies } from './cross-entropy.ts';
import { elementwise } from './elementwise.ts';
import { multiplyMatrices } from './matmul.ts';
import { reductions } from './reductions.ts';

/** Multiplies two stacks of matrices. */
function matmul(x: NdArray, y: NdArray): NdArray {
  const out = emptyOf(resultOf.matmul(x, y));
  forEachMatrix(out, [x, y], (c, a, b) => multiplyMatrices(a!, b!, c));
  return out;
}

export const commonLoops: CommonKernels<NdArray> = {
  ...movement,
  ...elementwise,
  ...reductions,
  ...crossEntropies,
  matmul,
  affine(x, w, b) {
    resultOf.affine(x, w, b);
    return elementwise.add(matmul(x, w), b);
  },
};
