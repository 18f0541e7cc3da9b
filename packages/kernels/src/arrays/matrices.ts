import { NdArray } from './array.ts';
import { forEachRun } from './iterate.ts';
import { broadcastView } from './views.ts';

/**
 * Calls `visit` for each index of the leading axes, with the matrices formed by the last two axes of `out` and of the
 * operands.
 */
export function forEachMatrix(
  out: NdArray,
  operands: readonly NdArray[],
  visit: (out: NdArray, ...operands: NdArray[]) => void,
): void {
  const batch = out.shape.slice(0, -2);
  const all = [out, ...operands];
  const stretched = all.map((x) => broadcastView(x, [...batch, ...x.shape.slice(-2)]));
  const outer = stretched.map((x) => new NdArray(x.data, x.dtype, batch, x.stride.slice(0, -2), x.offset));
  const matrix = (x: NdArray, offset: number) =>
    new NdArray(x.data, x.dtype, x.shape.slice(-2), x.stride.slice(-2), offset);
  forEachRun(batch, outer, (length, offsets, steps) => {
    for (let i = 0; i < length; i++) {
      const [first, ...rest] = all.map((x, j) => matrix(x, offsets[j]! + i * steps[j]!));
      visit(first!, ...rest);
    }
  });
}
