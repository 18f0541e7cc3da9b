/** Methods that index by positions, ranges and masks, and that pad. */

import type { Shape } from '@tapegrad/kernels';
import type { Index, Indexed } from '../indexing.ts';
import { flip, gather, pad, scatterAdd, take } from '../operators/selection.ts';
import type { Of } from '../tensor/class.ts';
import type { Pad, PadWidths, ReplaceAxis } from '../types/static-shapes.ts';

declare module '../tensor/class.ts' {
  interface Tensor<out S extends Shape> {
    /** Reverses one or more axes. */
    flip(axis: number | readonly number[]): Tensor<S>;

    /**
     * Indexes each axis in turn. A number drops the axis, `slice(start, stop, step)` takes a range, and `null` adds an
     * axis of length 1. An int32 tensor selects entries in the order of its elements, and its axes replace the indexed
     * axis. Negative positions count from the end. Several int32 tensors are combined, as in NumPy: they broadcast, and
     * their elements together give the coordinates of each entry. Their axes replace the indexed axes, or come first if
     * those are not adjacent. A bool mask of one or more axes is equivalent to the positions where it is true.
     *
     * @example
     * const x = tensor([[1, 2, 3], [4, 5, 6]]);
     * x.index(1).toArray(); // [4, 5, 6]
     * x.index(slice(), slice(0, 2)).toArray(); // [[1, 2], [4, 5]]
     * x.index(tensor([0, 1], { dtype: 'int32' }), tensor([2, 0], { dtype: 'int32' })).toArray(); // [3, 4]
     * x.index(x.greater(2)).toArray(); // [3, 4, 5, 6]
     */
    index<const L extends readonly Index<Tensor>[]>(...list: L): Of<Indexed<S, L>>;

    /** Pads each axis before and after: `[[before, after], …]`. The pad value defaults to 0. */
    pad<const W extends PadWidths>(widths: W, value?: number): Of<Pad<S, W>>;

    /**
     * Takes the entries of an axis in the order of int32 indices. The axes of the indices replace that axis. The axis
     * defaults to the first.
     */
    take<I extends Shape = readonly [number], const A extends number = 0>(
      indices: Tensor<I> | readonly number[],
      axis?: A,
    ): Of<ReplaceAxis<S, A, I>>;

    /**
     * Computes the adjoint of `take`: makes zeros with `size` entries along an axis, and adds each entry of this tensor
     * at its index.
     */
    scatterAdd(indices: Tensor | readonly number[], size: number, axis?: number): Tensor;

    /**
     * Picks an entry along an axis for each index: y[i, j] = x[i, indices[i, j]] for axis 1. The indices are int32, and
     * have the same shape as this tensor except along the axis.
     */
    gather<I extends Shape>(indices: Tensor<I>, axis: number): Tensor<I>;
  }
}

export const selectionMethods = { flip, pad, take, scatterAdd, gather };
