import { orderingResultOf } from '../abstract/ordering.ts';
import type { NdArray } from '../arrays/array.ts';
import { copyRun } from '../arrays/copy.ts';
import type { Data } from '../arrays/dtype.ts';
import { emptyOf } from '../arrays/movement.ts';
import type { OrderingKernels } from '../primitives.ts';
import { forEachLine } from './reductions.ts';

/** Compares two numbers, for `sort`; a NaN comes after all numbers. */
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

/** Up to this many positions are selected without sorting the rest. */
const MAX_SELECTED = 64;

/** Finds the positions of the first few elements of a line in sorted order, by insertion. */
class FirstPlaces {
  readonly places: Int32Array;
  readonly #keys: Float64Array;

  constructor(count: number) {
    this.places = new Int32Array(count);
    this.#keys = new Float64Array(count);
  }

  /** Selects from a line of elements that are `step` apart. A NaN counts as the largest. */
  select(data: Data, from: number, step: number, length: number, descending: boolean): void {
    const [places, keys] = [this.places, this.#keys];
    const count = places.length;
    if (count === 0) return;
    let found = 0;
    let last = 0;
    for (let i = 0, at = from; i < length; i++, at += step) {
      const x = data[at]!;
      if (found === count) {
        // Most elements are rejected here. Of equal elements, the first is kept.
        if (descending ? x <= last : x >= last) continue;
        const isLastNaN = Number.isNaN(last);
        if (Number.isNaN(x) ? isLastNaN || !descending : isLastNaN && descending) continue;
      }
      let j = found < count ? found++ : count - 1;
      for (; j > 0 && comesBefore(x, keys[j - 1]!, descending); j--) {
        keys[j] = keys[j - 1]!;
        places[j] = places[j - 1]!;
      }
      keys[j] = x;
      places[j] = i;
      last = keys[count - 1]!;
    }
  }
}

const comesBefore = (x: number, y: number, descending: boolean): boolean =>
  descending ? ascending(y, x) < 0 : ascending(x, y) < 0;

/** The plain loops of `argmax`, `argmin` and `argsort`. Sorting is stable. */
export const orderingLoops: OrderingKernels<NdArray> = {
  argmax: argExtremum('argmax', (a, b) => a > b),
  argmin: argExtremum('argmin', (a, b) => a < b),
  argsort(x, order) {
    const out = emptyOf(orderingResultOf.argsort(x, order));
    const { axis, descending } = order;
    const [length, step, outStep] = [x.shape[axis]!, x.stride[axis]!, out.stride[axis]!];
    const count = out.shape[axis]!;
    if (count <= MAX_SELECTED && count < length) {
      const first = new FirstPlaces(count);
      forEachLine(x, out, axis, (from, to) => {
        first.select(x.data, from, step, length, descending);
        copyRun(out.data, to, outStep, first.places, 0, 1, count);
      });
      return out;
    }
    const [line, places] = [new Float64Array(length), new Int32Array(length)];
    const compare = descending
      ? (i: number, j: number) => ascending(line[j]!, line[i]!)
      : (i: number, j: number) => ascending(line[i]!, line[j]!);
    forEachLine(x, out, axis, (from, to) => {
      copyRun(line, 0, 1, x.data, from, step, length);
      for (let i = 0; i < length; i++) places[i] = i;
      places.sort(compare);
      copyRun(out.data, to, outStep, places, 0, 1, count);
    });
    return out;
  },
};
