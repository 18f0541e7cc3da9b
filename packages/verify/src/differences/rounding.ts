/** Estimates the rounding error of the values a tape computes. */

import { Tensor } from '@tapegrad/core';
import { type Entry, onArrays, sweep } from '@tapegrad/core/tape';
import type { NdArray } from '@tapegrad/kernels';

/**
 * Computes the total size of the terms that are summed to compute the seeded values. Each intermediate result
 * contributes its magnitude times its gradient, which is computed from the seeds. The total, multiplied by machine
 * epsilon, estimates the rounding error to first order, including the error of large terms that cancel. Returns 0 if
 * the total isn't finite.
 */
export function termsOf(seeds: ReadonlyMap<Tensor, NdArray>, entries: readonly Entry<Tensor>[]): number {
  const wanted = new Set(entries.map(({ output }) => output));
  const found = sweep<Tensor, NdArray>(seeds, onArrays(), { wanted, entries, retain: true });
  let terms = 0;
  for (const [x, g] of found) {
    const [values, derivatives] = [x.data, new Tensor(g).data];
    for (let i = 0; i < values.length; i++) terms += Math.abs(derivatives[i]! * values[i]!);
  }
  return Number.isFinite(terms) ? terms : 0;
}
