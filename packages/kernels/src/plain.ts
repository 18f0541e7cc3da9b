/**
 * The plain interpreter: typed-array loops in JavaScript, for every dtype and every engine. It needs neither WebAssembly
 * nor code generation.
 */

import { abstract } from './abstract.ts';
import type { NdArray } from './array.ts';
import { forEachMatrix } from './matrices.ts';
import { emptyOf, movement } from './movement.ts';
import { convolutionsOf } from './plain/convolution.ts';
import { crossEntropies } from './plain/cross-entropy.ts';
import { elementwise } from './plain/elementwise.ts';
import { multiplyMatrices } from './plain/matmul.ts';
import { ordering } from './plain/ordering.ts';
import { pooling } from './plain/pooling.ts';
import { reductions } from './plain/reductions.ts';
import type { Kernels } from './primitives.ts';

/** The product of two stacks of matrices. */
function matmul(x: NdArray, y: NdArray): NdArray {
  const out = emptyOf(abstract.matmul(x, y));
  forEachMatrix(out, [x, y], (c, a, b) => multiplyMatrices(a!, b!, c));
  return out;
}

const composable = {
  ...movement,
  ...elementwise,
  ...reductions,
  ...ordering,
  ...crossEntropies,
  ...pooling,
  matmul,
  affine(x: NdArray, w: NdArray, b: NdArray): NdArray {
    abstract.affine(x, w, b);
    return elementwise.add(matmul(x, w), b);
  },
};

export const plain: Kernels<NdArray> = { ...composable, ...convolutionsOf(composable) };
