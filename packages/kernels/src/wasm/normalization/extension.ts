/** Normalisation, as an interpreter extension. */

import { normalizationResultOf } from '../../abstract/normalization.ts';
import type { NdArray } from '../../arrays/array.ts';
import { type FloatDType, forEachFloat } from '../../arrays/dtype.ts';
import { normalizationLoops } from '../../plain/normalization.ts';
import type { Normalization } from '../../primitives.ts';
import { settleVectors } from '../assembler/vector-width.ts';
import { HostRefusal } from '../assembler/web-assembly.ts';
import type { KernelExtension } from '../extension.ts';
import { RowNormalization } from './rows.ts';

/** The kernels of each interpreter that has them. */
const kernelsOf = new WeakMap<object, (dtype: FloatDType) => RowNormalization>();

/**
 * Computes the gradients of `normalize` in x and w in one pass, as `normalizeGrad` and `normalizeWeightGrad` do in two.
 * Returns `undefined` if the interpreter, or the kind of operands, has no kernel for this. Only the first gradient is in
 * memory that may be freed.
 */
export function normalizationGradients(
  kernels: object,
  g: NdArray,
  [x, w]: readonly [x: NdArray, w: NdArray, ...others: NdArray[]],
  of: Normalization,
): readonly NdArray[] | undefined {
  try {
    const gradients = kernelsOf
      .get(kernels)?.(x.dtype as FloatDType)
      .gradients(g, x, w, of);
    // This isn't a primitive, after which the interpreter would do so.
    settleVectors(x.size);
    return gradients;
  } catch (error) {
    // The primitives fall back to plain loops.
    if (error instanceof HostRefusal) return undefined;
    throw error;
  }
}

/** The extension with normalisation and its gradients. */
export const normalizationExtension: KernelExtension = {
  results: normalizationResultOf,
  loops: normalizationLoops,
  wasm({ staging }, kernels) {
    const loops = normalizationLoops(kernels);
    const rowsOf = forEachFloat((dtype) => new RowNormalization(staging, dtype));
    kernelsOf.set(kernels, rowsOf);
    return {
      normalize(x, w, b, of) {
        normalizationResultOf.normalize(x, w, b, of);
        return rowsOf(x.dtype as FloatDType).normalize(x, w, b, of) ?? loops.normalize(x, w, b, of);
      },
      normalizeGrad(g, x, w, of) {
        normalizationResultOf.normalizeGrad(g, x, w, of);
        return rowsOf(x.dtype as FloatDType).gradient(g, x, w, of) ?? loops.normalizeGrad(g, x, w, of);
      },
      normalizeWeightGrad(g, x, of) {
        normalizationResultOf.normalizeWeightGrad(g, x, of);
        return rowsOf(x.dtype as FloatDType).weightGradient(g, x, of) ?? loops.normalizeWeightGrad(g, x, of);
      },
      moments(x, axes) {
        const { shape } = normalizationResultOf.moments(x, axes);
        return rowsOf(x.dtype as FloatDType).moments(x, axes, shape) ?? loops.moments(x, axes);
      },
    };
  },
};
