/** The windowed primitives, including convolutions, as an interpreter extension. */

import { windowedResultOf } from '../../abstract/windowed.ts';
import type { NdArray } from '../../arrays/array.ts';
import { contiguous } from '../../arrays/copy.ts';
import { bytesPerElement, type DType, forEachFloat, isFloat } from '../../arrays/dtype.ts';
import { sizeOf } from '../../arrays/shape.ts';
import type { Window } from '../../arrays/views.ts';
import { windowedLoops } from '../../plain/windowed/loops.ts';
import type { Convolution, Kernels, WindowedKernels } from '../../primitives.ts';
import { laneTypes } from '../assembler/float-vector.ts';
import type { ExtensionHost, KernelExtension } from '../extension.ts';
import { bestTile, isWide, type TileName } from '../matmul/microkernel.ts';
import { perMemory } from '../threads/task-runner.ts';
import { Convolutions } from './convolution.ts';
import { areSquares, Pooling } from './pooling.ts';
import { Unfold } from './unfold.ts';

/** Returns whether the windows slide over one or two axes, without cropping. */
const isPlanar = (windows: readonly Window[]): boolean =>
  (windows.length === 1 || windows.length === 2) &&
  windows.every(({ padding }) => padding.every((width) => width >= 0));

/**
 * Returns whether all elements are finite. A zero in a convolution's layout times NaN or an infinity would give NaN.
 */
function isAllFinite(x: NdArray): boolean {
  const { data, offset, size } = contiguous(x);
  for (let i = offset; i < offset + size; i++) if (!Number.isFinite(data[i])) return false;
  return true;
}

/** Cost of pooling one window element, in operations of a product. */
const POOLING_OPERATIONS = 24;

/** Kernels for convolutions, pooling, `unfold` and `fold` over one or two axes; plain loops for everything else. */
function windowedKernels({ heap, tile, policy }: ExtensionHost, kernels: Kernels<NdArray>): WindowedKernels<NdArray> {
  const loops = windowedLoops(kernels);
  const windowsOf = forEachFloat((dtype) => new Unfold(heap, laneTypes[dtype]));
  const convolutionsWith = (tile: TileName) =>
    forEachFloat((dtype) => perMemory(heap, (by) => new Convolutions(by, dtype, tile)));
  const largeOf = convolutionsWith(tile);
  const smallOf = tile === 'wide' ? convolutionsWith(bestTile(true)) : largeOf;
  /**
   * Returns the convolutions for `count` multiplications of x by w. Returns `undefined` if there are none, or if
   * other primitives compute them.
   */
  const convolutionsFor = (dtype: DType, { windows }: Convolution, count: number): Convolutions | undefined => {
    if (!isFloat(dtype) || !isPlanar(windows) || count === 0) return undefined;
    const workers = policy.forWork(2 * count);
    return (isWide(2 * count) ? largeOf : smallOf)(dtype)(workers?.pool);
  };
  const poolingOf = forEachFloat((dtype) => perMemory(heap, (by) => new Pooling(by, dtype)));
  /**
   * Returns the pooling for windows with this many positions in an array. For 2 x 2 squares, copying dominates the
   * time, so threads help only if the array is in their memory.
   */
  const poolingFor = ({ shape, dtype, data }: NdArray, windows: readonly Window[], positions: number) => {
    const elements = windows.reduce((product, { size }) => product * size, positions);
    if (!isFloat(dtype) || elements === 0) return undefined;
    const isCopying = areSquares(shape, windows, bytesPerElement(dtype));
    const workers = policy.forArray(data) ?? (isCopying ? undefined : policy.forWork(POOLING_OPERATIONS * elements));
    return poolingOf(dtype)(workers?.pool);
  };

  return {
    conv(x, w, of) {
      const { shape, dtype } = windowedResultOf.conv(x, w, of);
      const fast = convolutionsFor(dtype, of, sizeOf(shape) * sizeOf(w.shape.slice(1)));
      return fast === undefined ? loops.conv(x, w, of) : fast.conv(x, w, of, shape);
    },
    convInput(y, w, of) {
      const { shape, dtype } = windowedResultOf.convInput(y, w, of);
      const fast = convolutionsFor(dtype, of, sizeOf(y.shape) * sizeOf(w.shape.slice(1)) * Math.min(1, sizeOf(shape)));
      // The zeros around y's maps are multiplied by the weight.
      return fast === undefined || !isAllFinite(w) ? loops.convInput(y, w, of) : fast.convInput(y, w, of, shape);
    },
    convWeight(x, y, of) {
      const { shape, dtype } = windowedResultOf.convWeight(x, y, of);
      const fast = convolutionsFor(dtype, of, sizeOf(y.shape) * sizeOf(shape.slice(1)));
      const sums = fast?.convWeight(x, y, of, shape);
      // The zeros between y's rows are multiplied by elements of x, which make the sums non-finite if they are not
      // finite.
      return sums === undefined || !isAllFinite(sums) ? loops.convWeight(x, y, of) : sums;
    },

    unfold(x, windows) {
      const { shape, dtype } = windowedResultOf.unfold(x, windows);
      if (!isFloat(dtype) || !isPlanar(windows)) return loops.unfold(x, windows);
      return windowsOf(dtype).unfold(x, windows, shape);
    },
    fold(x, into) {
      const { shape, dtype } = windowedResultOf.fold(x, into);
      if (!isFloat(dtype) || !isPlanar(into.windows)) return loops.fold(x, into);
      return windowsOf(dtype).fold(x, into.windows, shape);
    },

    maxPool(x, by, windows) {
      const { shape } = windowedResultOf.maxPool(x, by, windows);
      const fast = poolingFor(by, windows, sizeOf(shape));
      return fast === undefined ? loops.maxPool(x, by, windows) : fast.maxPool(x, by, windows, shape);
    },
    maxUnpool(y, by, windows) {
      const { shape } = windowedResultOf.maxUnpool(y, by, windows);
      const fast = poolingFor(by, windows, y.size);
      return fast === undefined ? loops.maxUnpool(y, by, windows) : fast.maxUnpool(y, by, windows, shape);
    },
  };
}

/** The extension with the windowed primitives. */
export const windowedExtension: KernelExtension = {
  results: windowedResultOf,
  loops: windowedLoops,
  wasm: windowedKernels,
};
