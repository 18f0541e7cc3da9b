/** How much rounding there is in what a tape computes. */

import { Tensor } from '@tapegrad/core';
import { type Entry, onArrays, sweep } from '@tapegrad/core/tape';
import type { NdArray } from '@tapegrad/kernels';

/**
 * The size of the terms that values are summed from, weighted by the seeds of their tensors: that of each result on the way,
 * as far as the values depend on it. Times the distance between numbers, it is what rounding makes of the values, to first
 * order: what is small because large terms cancel has the rounding of these. It is 0 where that is not finite.
 */
export function termsOf(seeds: ReadonlyMap<Tensor, NdArray>, entries: readonly Entry<Tensor>[]): number {
  const wanted = new Set(entries.map(({ output }) => output));
  const found = sweep<Tensor, NdArray>(seeds, onArrays(), { wanted, entries, retain: true });
  let terms = 0;
  for (const [x, g] of found) {
    const [values, slopes] = [x.data, new Tensor(g).data];
    for (let i = 0; i < values.length; i++) terms += Math.abs(slopes[i]! * values[i]!);
  }
  return Number.isFinite(terms) ? terms : 0;
}
