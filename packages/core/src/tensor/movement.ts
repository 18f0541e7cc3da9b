/** Methods that reshape, transpose and slice. Their results are views where possible. */

import { formatShape, normalizeAxis, type Shape, ShapeError } from '@tapegrad/kernels';
import { completeOrder, completeShape, ownShape } from '../checks/arguments.ts';
import { sliceAxis } from '../composites.ts';
import { resolveRange, slice } from '../indexing.ts';
import type { Permute, ReplaceAxis, Reshape, Transpose } from '../types/static-shapes.ts';
import type { Of, Tensor } from './class.ts';
import { kernels as k } from './kernels.ts';

declare module './class.ts' {
  interface Tensor<out S extends Shape> {
    /**
     * Returns the same elements, in row-major order, in another shape. One length may be -1; it is then computed from
     * the others.
     */
    reshape<const T extends Shape>(shape: T): Tensor<Reshape<T>>;

    /** Swaps the last two axes. */
    transpose(): Of<Transpose<S>>;

    /** Reorders the axes: axis `i` of the result is axis `order[i]` of this tensor. */
    permute<const Order extends Shape>(order: Order): Of<Permute<S, Order>>;

    /** Returns a view in a larger shape: axes of length 1 are stretched, and new leading axes are added. */
    broadcastTo<const T extends Shape>(shape: T): Tensor<T>;

    /**
     * Returns every `step`-th entry of an axis, from `start` up to but not including `stop`. Negative bounds count from
     * the end.
     */
    slice<const A extends number>(
      axis: A,
      start?: number,
      stop?: number,
      step?: number,
    ): Of<ReplaceAxis<S, A, readonly [number]>>;
  }
}

export const movement: Pick<Tensor, 'reshape' | 'transpose' | 'permute' | 'broadcastTo' | 'slice'> & ThisType<Tensor> =
  {
    reshape(shape) {
      return k.reshape(this, completeShape(this.shape, shape)) as never;
    },

    transpose() {
      if (this.rank < 2) {
        throw new ShapeError(`transpose: expected two or more axes, got shape ${formatShape(this.shape)}`);
      }
      const axes = this.shape.map((_, i) => i);
      const [row, column] = axes.splice(-2) as [number, number];
      return k.permute(this, [...axes, column, row]) as never;
    },

    permute(order) {
      return k.permute(this, completeOrder(order, this.rank)) as never;
    },

    broadcastTo(shape) {
      return k.broadcastTo(this, ownShape('broadcastTo', shape)) as never;
    },

    slice(axis, start, stop, step) {
      const i = normalizeAxis('slice', axis, this.rank);
      const range = slice(start, stop, step);
      const { start: first, size } = resolveRange(range, this.shape[i]!);
      return sliceAxis<Tensor>(k, this, i, first, size, range.step) as never;
    },
  };
