import { resultOf } from '../abstract/shape-inference.ts';
import type { NdArray } from '../arrays/array.ts';
import { copyRun } from '../arrays/copy.ts';
import { emptyOf } from '../arrays/movement.ts';
import type { Kernels } from '../primitives.ts';
import { forEachLine } from './reductions.ts';

/** Compares two numbers, for `sort`; a NaN comes after all others. */
function ascending(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return a === b ? 0 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** The primitive that sorts; `sort` is stable. */
export const ordering: Pick<Kernels<NdArray>, 'argsort'> = {
  argsort(x, order) {
    const out = emptyOf(resultOf.argsort(x, order));
    const { axis, descending } = order;
    const [length, step, outStep] = [x.shape[axis]!, x.stride[axis]!, out.stride[axis]!];
    const [line, places] = [new Float64Array(length), new Int32Array(length)];
    const compare = descending
      ? (i: number, j: number) => ascending(line[j]!, line[i]!)
      : (i: number, j: number) => ascending(line[i]!, line[j]!);
    forEachLine(x, out, axis, (from, to) => {
      copyRun(line, 0, 1, x.data, from, step, length);
      for (let i = 0; i < length; i++) places[i] = i;
      places.sort(compare);
      copyRun(out.data, to, outStep, places, 0, 1, length);
    });
    return out;
  },
};
