/** Walking strided arrays: the loops that no operation should have to write again. */

import type { NdArray } from './array.ts';
import type { Shape } from './shape.ts';
import { broadcastView } from './views.ts';

/**
 * Called for one run of `length` elements; operand `i` starts at `offsets[i]` of its data and steps by `steps[i]`.
 * Both arrays belong to the walk and change after the call.
 */
export type VisitRun = (length: number, offsets: readonly number[], steps: readonly number[]) => void;

/**
 * Walks arrays of one shape together, in row-major order, a run of the innermost axis at a time.
 *
 * Axes that lie one after the other in every operand are merged first, so contiguous arrays are a single run whatever
 * their rank, and a run is long wherever memory allows.
 */
export function forEachRun(shape: Shape, operands: readonly NdArray[], visit: VisitRun): void {
  const lengths: number[] = [];
  const strides: number[][] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis]!;
    if (length === 0) return;
    if (length === 1) continue;
    const stride = operands.map((x) => x.stride[axis]!);
    const outer = strides.at(-1);
    if (outer?.every((step, i) => step === stride[i]! * length)) {
      lengths[lengths.length - 1]! *= length;
      strides[strides.length - 1] = stride;
    } else {
      lengths.push(length);
      strides.push(stride);
    }
  }

  const offsets = operands.map((x) => x.offset);
  const steps = strides.pop() ?? operands.map(() => 0);
  const run = lengths.pop() ?? 1;
  const index = lengths.map(() => 0);
  for (;;) {
    visit(run, offsets, steps);
    let axis = lengths.length - 1;
    while (axis >= 0 && ++index[axis]! === lengths[axis]) {
      const stride = strides[axis]!;
      for (let i = 0; i < offsets.length; i++) offsets[i]! -= stride[i]! * (lengths[axis]! - 1);
      index[axis--] = 0;
    }
    if (axis < 0) return;
    const stride = strides[axis]!;
    for (let i = 0; i < offsets.length; i++) offsets[i]! += stride[i]!;
  }
}

/** Walks operands broadcast to the shape of `out`, which comes first. */
export const forEachBroadcastRun = (out: NdArray, operands: readonly NdArray[], visit: VisitRun): void =>
  forEachRun(out.shape, [out, ...operands.map((x) => broadcastView(x, out.shape))], visit);
