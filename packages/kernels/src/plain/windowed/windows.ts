/** Windows as a view of a padded array, and the adjoint that adds them up. */

import { windowedResultOf } from '../../abstract/windowed.ts';
import { filled, type NdArray } from '../../arrays/array.ts';
import { assign } from '../../arrays/copy.ts';
import { rangeView, type Window, windowView } from '../../arrays/views.ts';
import type { WindowedKernels } from '../../primitives.ts';
import { reduceInto, rounded, sum } from '../reductions.ts';

/** Returns `x` with its last axes zero-padded or cropped for the windows, or `x` itself if they need neither. */
function pad(x: NdArray, windows: readonly Window[]): NdArray {
  if (windows.every(({ padding }) => padding[0] === 0 && padding[1] === 0)) return x;
  const lead = x.shape.length - windows.length;
  const out = filled(
    x.shape.map((n, i) => (i < lead ? n : n + windows[i - lead]!.padding[0] + windows[i - lead]!.padding[1])),
    0,
    x.dtype,
  );
  const { source, target } = overlap(x, out, windows);
  assign(target, source);
  return out;
}

/** Returns the parts of an array and of its padded copy that hold the same elements. */
function overlap(x: NdArray, padded: NdArray, windows: readonly Window[]) {
  const lead = x.shape.length - windows.length;
  let source = x;
  let target = padded;
  windows.forEach(({ padding: [before] }, i) => {
    const axis = lead + i;
    const start = Math.max(0, -before);
    const stop = Math.min(x.shape[axis]!, padded.shape[axis]! - before);
    source = rangeView(source, axis, start, Math.max(0, stop - start));
    target = rangeView(target, axis, start + before, Math.max(0, stop - start));
  });
  return { source, target };
}

export const windows: Pick<WindowedKernels<NdArray>, 'unfold' | 'fold'> = {
  unfold(x, windows) {
    const { shape } = windowedResultOf.unfold(x, windows);
    return windowView(pad(x, windows), windows, shape.slice(shape.length - windows.length));
  },
  fold(x, into) {
    const { shape, dtype } = windowedResultOf.fold(x, into);
    const { windows } = into;
    const lead = shape.length - windows.length;
    const out = filled(shape, 0, 'float64');
    const paddedShape = shape.map((n, i) =>
      i < lead ? n : n + windows[i - lead]!.padding[0] + windows[i - lead]!.padding[1],
    );
    const padded = filled(paddedShape, 0, 'float64');
    reduceInto(windowView(padded, windows, x.shape.slice(x.shape.length - windows.length)), x, sum);
    const { source, target } = overlap(out, padded, windows);
    assign(source, target);
    return rounded(out, dtype);
  },
};
