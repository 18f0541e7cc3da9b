/** Loops over strided arrays, shared by all operations. */

import type { NdArray } from './array.ts';
import type { Shape } from './shape.ts';
import { broadcastView } from './views.ts';

/**
 * A callback for one run of `length` elements. Operand `i` starts at `offsets[i]` of its data and steps by `steps[i]`.
 * Both arrays are reused, so the callback must not keep them.
 */
export type VisitRun = (length: number, offsets: readonly number[], steps: readonly number[]) => void;

/**
 * Walks arrays of the same shape together in row-major order, one run of the innermost axis at a time.
 *
 * First merges axes that are adjacent in memory in every operand. Contiguous arrays are therefore a single run whatever
 * their rank, and other runs are as long as the layout allows.
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

/**
 * Walks `out` together with operands that are broadcast to its shape. `out` comes first in the lists that `visit` gets.
 */
export const forEachBroadcastRun = (out: NdArray, operands: readonly NdArray[], visit: VisitRun): void =>
  forEachRun(out.shape, [out, ...operands.map((x) => broadcastView(x, out.shape))], visit);
