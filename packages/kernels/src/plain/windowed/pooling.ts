/** Max pooling on typed arrays. */

import { windowedResultOf } from '../../abstract/windowed.ts';
import { filled, NdArray } from '../../arrays/array.ts';
import { contiguous } from '../../arrays/copy.ts';
import type { Data } from '../../arrays/dtype.ts';
import { emptyOf } from '../../arrays/movement.ts';
import { type Shape, sizeOf } from '../../arrays/shape.ts';
import type { Window } from '../../arrays/views.ts';
import type { WindowedKernels } from '../../primitives.ts';
import { windows as unfolding } from './windows.ts';

/** The elements that each window covers, as indices into the plane. */
export interface Pools {
  /** Number of elements in a plane. */
  readonly plane: number;
  readonly windows: number;
  /** Number of elements in a window. */
  readonly size: number;
  /**
   * The indices as [windows, size]. Padding is replaced by another element of the same window: the one before it, or
   * the window's first.
   */
  readonly places: Int32Array;
}

/** Returns the pools of an array of `shape`. Every window must cover at least one element. */
export function poolsOf(shape: Shape, windows: readonly Window[]): Pools {
  const axes = shape.slice(shape.length - windows.length);
  const plane = sizeOf(axes);
  // Indices counted from 1, so that 0 means padding.
  const numbers = new NdArray(
    Int32Array.from({ length: plane }, (_, i) => i + 1),
    'int32',
    axes,
  );
  const unfolded = contiguous(unfolding.unfold(numbers, windows));
  const size = sizeOf(windows.map((w) => w.size));
  const count = unfolded.size / size;
  const places = new Int32Array(unfolded.size);
  for (let window = 0; window < count; window++) {
    let place = 0;
    for (let entry = 0; place === 0; entry++) place = unfolded.data[unfolded.offset + entry * count + window]!;
    for (let entry = 0; entry < size; entry++) {
      place = unfolded.data[unfolded.offset + entry * count + window]! || place;
      places[window * size + entry] = place - 1;
    }
  }
  return { plane, windows: count, size, places };
}

/** Returns the index in `by` of a window's first maximum, or of its first NaN if it has one. */
function firstMaximum(by: Data, start: number, { size, places }: Pools, window: number): number {
  let best = start + places[window * size]!;
  for (let entry = window * size + 1; entry < (window + 1) * size; entry++) {
    const place = start + places[entry]!;
    const [champion, candidate] = [by[best]!, by[place]!];
    if (!(candidate <= champion) && !Number.isNaN(champion)) best = place;
  }
  return best;
}

/** Calls `visit` for each window with its index and the index of its maximum, both counted over all planes. */
function forEachMaximum(by: NdArray, windows: readonly Window[], visit: (window: number, place: number) => void): void {
  const pools = poolsOf(by.shape, windows);
  const { data, offset } = contiguous(by);
  for (let plane = 0; plane * pools.plane < by.size; plane++) {
    const start = offset + plane * pools.plane;
    for (let window = 0; window < pools.windows; window++) {
      visit(plane * pools.windows + window, firstMaximum(data, start, pools, window) - offset);
    }
  }
}

export const pooling: Pick<WindowedKernels<NdArray>, 'maxPool' | 'maxUnpool'> = {
  maxPool(x, by, windows) {
    const out = emptyOf(windowedResultOf.maxPool(x, by, windows));
    const { data, offset } = contiguous(x);
    forEachMaximum(by, windows, (window, place) => {
      out.data[window] = data[offset + place]!;
    });
    return out;
  },
  maxUnpool(y, by, windows) {
    const { shape, dtype } = windowedResultOf.maxUnpool(y, by, windows);
    const out = filled(shape, 0, dtype);
    const { data, offset } = contiguous(y);
    forEachMaximum(by, windows, (window, place) => {
      out.data[place]! += data[offset + window]!;
    });
    return out;
  },
};
