/** The primitives that only move elements: one implementation for every interpreter on typed arrays. */

import { resultOf } from '../abstract/shape-inference.ts';
import { ArgumentError } from '../error-classes.ts';
import type { ArrayLike, Kernels } from '../primitives.ts';
import { empty, filled, type NdArray } from './array.ts';
import { assign, contiguous, copyRun } from './copy.ts';
import { type Data, isFloat, truncateToInt32 } from './dtype.ts';
import { forEachBroadcastRun } from './iterate.ts';
import type { Shape } from './shape.ts';
import { broadcastView, permuteView, rangeView, reshapeView, sliceView } from './views.ts';

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
  | 'concat';

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
};
