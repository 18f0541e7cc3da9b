/** The primitives that move elements and compute nothing: one implementation for every interpreter on typed arrays. */

import { abstract } from './abstract.ts';
import { empty, filled, NdArray } from './array.ts';
import { assign, contiguous } from './copy.ts';
import { ArgumentError } from './errors.ts';
import { forEachBroadcastRun } from './iterate.ts';
import type { ArrayLike, Kernels } from './primitives.ts';
import { sizeOf } from './shape.ts';
import { broadcastView, permuteView, reshapeView, sliceView, type Window, windowView } from './views.ts';

export const emptyOf = ({ shape, dtype }: ArrayLike): NdArray => empty(shape, dtype);

/** Entries `start … start + size` of one axis. */
function range(x: NdArray, axis: number, start: number, size: number): NdArray {
  const pick = (value: number, others: (length: number) => number) =>
    x.shape.map((length, i) => (i === axis ? value : others(length)));
  return sliceView(
    x,
    pick(start, () => 0),
    pick(size, (length) => length),
    pick(1, () => 1),
  );
}

/** `x` with `rank` axes from `axis` on merged into one, all elements in row-major order. */
export function mergeAxes(x: NdArray, axis: number, rank: number): NdArray {
  const merged = sizeOf(x.shape.slice(axis, axis + rank));
  const { data, dtype, offset } = contiguous(x);
  const shape = [...x.shape.slice(0, axis), merged, ...x.shape.slice(axis + rank)];
  return new NdArray(data, dtype, shape, undefined, offset);
}

/** Calls `visit` with each index and its place in the list; throws at the first that is out of range. */
export function forEachIndex(
  call: string,
  indices: NdArray,
  size: number,
  visit: (index: number, place: number) => void,
): void {
  const { data, offset } = contiguous(indices);
  for (let i = 0; i < indices.size; i++) {
    const index = data[offset + i]!;
    if (index < 0 || index >= size) {
      throw new ArgumentError(`${call}: index ${index} at place ${i} is out of range for an axis of length ${size}`);
    }
    visit(index, i);
  }
}

/** `x` with its last axes padded by zeros, or cropped, as the windows ask; `x` itself where they ask for nothing. */
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

/** The parts of an array and of its padded self that hold the same elements. */
export function overlap(x: NdArray, padded: NdArray, windows: readonly Window[]) {
  const lead = x.shape.length - windows.length;
  let source = x;
  let target = padded;
  windows.forEach(({ padding: [before] }, i) => {
    const axis = lead + i;
    const start = Math.max(0, -before);
    const stop = Math.min(x.shape[axis]!, padded.shape[axis]! - before);
    source = range(source, axis, start, Math.max(0, stop - start));
    target = range(target, axis, start + before, Math.max(0, stop - start));
  });
  return { source, target };
}

type Movement =
  | 'full'
  | 'stopGradient'
  | 'where'
  | 'cast'
  | 'reshape'
  | 'permute'
  | 'broadcastTo'
  | 'slice'
  | 'embed'
  | 'concat'
  | 'take'
  | 'unfold';

export const movement: Pick<Kernels<NdArray>, Movement> = {
  full({ shape, value, dtype }) {
    abstract.full({ shape, value, dtype });
    return filled(shape, value, dtype);
  },
  stopGradient: (x) => x,

  where(condition, x, y) {
    const out = emptyOf(abstract.where(condition, x, y));
    const [c, a, b, to] = [condition.data, x.data, y.data, out.data];
    forEachBroadcastRun(out, [condition, x, y], (length, [o, p, q, r], [os, ps, qs, rs]) => {
      for (let i = 0; i < length; i++) to[o! + i * os!] = c[p! + i * ps!] ? a[q! + i * qs!]! : b[r! + i * rs!]!;
    });
    return out;
  },
  cast(x, dtype) {
    if (x.dtype === dtype) return x;
    const out = emptyOf(abstract.cast(x, dtype));
    if (dtype !== 'bool') return assign(out, x);
    const { data, offset } = contiguous(x);
    for (let i = 0; i < x.size; i++) out.data[i] = Number(data[offset + i] !== 0);
    return out;
  },

  reshape(x, shape) {
    abstract.reshape(x, shape);
    return reshapeView(x, shape) ?? reshapeView(contiguous(x), shape)!;
  },
  permute(x, order) {
    abstract.permute(x, order);
    return permuteView(x, order);
  },
  broadcastTo(x, shape) {
    abstract.broadcastTo(x, shape);
    return broadcastView(x, shape);
  },
  slice(x, slice) {
    abstract.slice(x, slice);
    return sliceView(x, slice.starts, slice.sizes, slice.steps);
  },
  embed(x, into) {
    const out = emptyOf(abstract.embed(x, into));
    assign(sliceView(out, into.starts, into.sizes, into.steps), x);
    return out;
  },
  concat(...args) {
    const out = emptyOf(abstract.concat(...args));
    const axis = args.at(-1) as number;
    let start = 0;
    for (const x of args.slice(0, -1) as NdArray[]) {
      assign(range(out, axis, start, x.shape[axis]!), x);
      start += x.shape[axis]!;
    }
    return out;
  },

  take(x, indices, axis) {
    const { shape, dtype } = abstract.take(x, indices, axis);
    const places = [...x.shape.slice(0, axis), indices.size, ...x.shape.slice(axis + 1)];
    const out = empty(places, dtype);
    forEachIndex('take', indices, x.shape[axis]!, (index, place) => {
      assign(range(out, axis, place, 1), range(x, axis, index, 1));
    });
    return new NdArray(out.data, dtype, shape, undefined, out.offset);
  },

  unfold(x, windows) {
    const { shape } = abstract.unfold(x, windows);
    return windowView(pad(x, windows), windows, shape.slice(shape.length - windows.length));
  },
};
