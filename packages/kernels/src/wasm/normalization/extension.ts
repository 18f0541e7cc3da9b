/** Normalisation, as an interpreter extension. */

import { normalizationResultOf } from '../../abstract/normalization.ts';
import { forEachFloat } from '../../arrays/dtype.ts';
import { normalizationLoops } from '../../plain/normalization.ts';
import type { KernelExtension } from '../extension.ts';
import { RowNormalization } from './rows.ts';

/** The extension with normalisation and its gradients. */
export const normalizationExtension: KernelExtension = {
  results: normalizationResultOf,
  loops: normalizationLoops,
  wasm({ staging }, kernels) {
    const loops = normalizationLoops(kernels);
    const rowsOf = forEachFloat((dtype) => new RowNormalization(staging, dtype));
    return {
      normalize(x, w, b, of) {
        normalizationResultOf.normalize(x, w, b, of);
        return rowsOf(x.dtype as 'float32').normalize(x, w, b, of) ?? loops.normalize(x, w, b, of);
      },
      normalizeGrad(g, x, w, of) {
        normalizationResultOf.normalizeGrad(g, x, w, of);
        return rowsOf(x.dtype as 'float32').gradient(g, x, w, of) ?? loops.normalizeGrad(g, x, w, of);
      },
      normalizeWeightGrad(g, x, of) {
        normalizationResultOf.normalizeWeightGrad(g, x, of);
        return rowsOf(x.dtype as 'float32').weightGradient(g, x, of) ?? loops.normalizeWeightGrad(g, x, of);
      },
      moments(x, axes) {
        const { shape } = normalizationResultOf.moments(x, axes);
        return rowsOf(x.dtype as 'float32').moments(x, axes, shape) ?? loops.moments(x, axes);
      },
    };
  },
};
