import { orderingResultOf } from '../abstract/ordering.ts';
import type { NdArray } from '../arrays/array.ts';
import { copyRun } from '../arrays/copy.ts';
import { emptyOf } from '../arrays/movement.ts';
import type { OrderingKernels } from '../primitives.ts';
import { forEachLine } from './reductions.ts';

/** Compares two numbers, for `sort`; a NaN comes after all others. */
function ascending(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return a === b ? 0 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

const argExtremum =
  (name: 'argmax' | 'argmin', beats: (a: number, b: number) => boolean) => (x: NdArray, axis: number) => {
    const out = emptyOf(orderingResultOf[name](x, axis));
    const [data, step, length] = [x.data, x.stride[axis]!, x.shape[axis]!];
    forEachLine(x, out, axis, (from, to) => {
      let place = 0;
      let best = data[from]!;
      for (let i = 1; i < length && !Number.isNaN(best); i++) {
        const candidate = data[from + i * step]!;
        if (beats(candidate, best) || Number.isNaN(candidate)) {
          place = i;
          best = candidate;
        }
      }
      out.data[to] = place;
    });
    return out;
  };

/** The primitives that find positions by size. Sorting is stable. */
export const orderingLoops: OrderingKernels<NdArray> = {
  argmax: argExtremum('argmax', (a, b) => a > b),
  argmin: argExtremum('argmin', (a, b) => a < b),
  argsort(x, order) {
    const out = emptyOf(orderingResultOf.argsort(x, order));
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
