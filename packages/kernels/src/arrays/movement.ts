/** The primitives that only move elements: one implementation for every interpreter on typed arrays. */

import { resultOf } from '../abstract/shape-inference.ts';
import { ArgumentError } from '../errors.ts';
import type { ArrayLike, Kernels } from '../primitives.ts';
import { empty, filled, type NdArray } from './array.ts';
import { assign, contiguous, copyRun } from './copy.ts';
import { type Data, isFloat, truncateToInt32 } from './dtype.ts';
import { forEachBroadcastRun, forEachRun } from './iterate.ts';
import type { Shape } from './shape.ts';
import { broadcastView, firstEntryView, permuteView, rangeView, reshapeView, sliceView } from './views.ts';

export const emptyOf = ({ shape, dtype }: ArrayLike): NdArray => empty(shape, dtype);

/** Reshapes `x` to a shape of the same size: a view if its strides allow one, otherwise a copy. */
export const reshaped = (x: NdArray, shape: Shape): NdArray =>
  reshapeView(x, shape) ?? reshapeView(contiguous(x), shape)!;

/** Returns the indices in row-major order. Throws at the first one that is out of range for an axis of `length`. */
export function readIndices(call: string, indices: NdArray, length: number): Data {
  const { data, offset } = contiguous(indices);
  const list = data.length === indices.size ? data : data.subarray(offset, offset + indices.size);
  for (let i = 0; i < list.length; i++) {
    const index = list[i]!;
    if (index < 0 || index >= length) {
      throw new ArgumentError(
        `${call}: index ${index} at position ${i} is out of range for an axis of length ${length}`,
      );
    }
  }
  return list;
}

/**
 * Returns whether to copy an axis entry by entry, each entry as one run. Otherwise it is copied element by element
 * across all entries. Entries are `entryStep` apart; their elements are `step` apart.
 */
export const byEntry = (length: number, step: number, entryStep: number): boolean =>
  length > 1 && Math.abs(step) < Math.abs(entryStep);

/** Copies the elements at the positions in a list. */
function copyPicked(
  target: Data,
  to: number,
  toStep: number,
  source: Data,
  from: number,
  fromStep: number,
  list: Data,
): void {
  for (let j = 0; j < list.length; j++) target[to + j * toStep] = source[from + list[j]! * fromStep]!;
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
  | 'scatterSlice'
  | 'concat'
  | 'take';

export const movement: Pick<Kernels<NdArray>, Movement> = {
  full({ shape, value, dtype }) {
    resultOf.full({ shape, value, dtype });
    return filled(shape, value, dtype);
  },
  stopGradient: (x) => x,

  where(condition, x, y) {
    const out = emptyOf(resultOf.where(condition, x, y));
    const [c, a, b, to] = [condition.data, x.data, y.data, out.data];
    forEachBroadcastRun(out, [condition, x, y], (length, [o, p, q, r], [os, ps, qs, rs]) => {
      if (ps === 0) {
        const chosen = c[p!] !== 0;
        copyRun(to, o!, os!, chosen ? a : b, chosen ? q! : r!, chosen ? qs! : rs!, length);
        return;
      }
      for (let i = 0; i < length; i++) to[o! + i * os!] = c[p! + i * ps!] ? a[q! + i * qs!]! : b[r! + i * rs!]!;
    });
    return out;
  },
  cast(x, dtype) {
    if (x.dtype === dtype) return x;
    const out = emptyOf(resultOf.cast(x, dtype));
    const isCut = dtype === 'int32' && isFloat(x.dtype);
    if (dtype !== 'bool' && !isCut) return assign(out, x);
    const { data, offset } = contiguous(x);
    if (isCut) for (let i = 0; i < x.size; i++) out.data[i] = truncateToInt32('cast', data[offset + i]!);
    else for (let i = 0; i < x.size; i++) out.data[i] = Number(data[offset + i] !== 0);
    return out;
  },

  reshape(x, shape) {
    resultOf.reshape(x, shape);
    return reshaped(x, shape);
  },
  permute(x, order) {
    resultOf.permute(x, order);
    return permuteView(x, order);
  },
  broadcastTo(x, shape) {
    resultOf.broadcastTo(x, shape);
    return broadcastView(x, shape);
  },
  slice(x, slice) {
    resultOf.slice(x, slice);
    return sliceView(x, slice.starts, slice.sizes, slice.steps);
  },
  scatterSlice(x, into) {
    const { shape, dtype } = resultOf.scatterSlice(x, into);
    const out = filled(shape, 0, dtype);
    assign(sliceView(out, into.starts, into.sizes, into.steps), x);
    return out;
  },
  concat(inputs, axis) {
    const out = emptyOf(resultOf.concat(inputs, axis));
    let start = 0;
    for (const x of inputs) {
      assign(rangeView(out, axis, start, x.shape[axis]!), x);
      start += x.shape[axis]!;
    }
    return out;
  },

  take(x, indices, axis) {
    const { shape, dtype } = resultOf.take(x, indices, axis);
    const list = readIndices('take', indices, x.shape[axis]!);
    const out = empty(x.shape.with(axis, list.length), dtype);
    const [toEntry, fromEntry] = [out.stride[axis]!, x.stride[axis]!];
    const first = [out, x].map((a) => firstEntryView(a, axis));
    forEachRun(first[0]!.shape, first, (length, [to, from], [toStep, fromStep]) => {
      if (byEntry(length, fromStep!, fromEntry)) {
        for (let j = 0; j < list.length; j++) {
          copyRun(out.data, to! + j * toEntry, toStep!, x.data, from! + list[j]! * fromEntry, fromStep!, length);
        }
      } else {
        for (let i = 0; i < length; i++) {
          copyPicked(out.data, to! + i * toStep!, toEntry, x.data, from! + i * fromStep!, fromEntry, list);
        }
      }
    });
    return reshaped(out, shape);
  },
};
