import { abstract } from '../abstract.ts';
import { filled, type NdArray } from '../array.ts';
import { assign } from '../copy.ts';
import type { Data, DType } from '../dtype.ts';
import { forEachRun } from '../iterate.ts';
import { emptyOf, forEachIndex, mergeAxes, overlap } from '../movement.ts';
import type { Kernels } from '../primitives.ts';
import { broadcastView, sliceView, windowView } from '../views.ts';

/** Reduces a run of elements to one number. */
type ReduceRun = (data: Data, from: number, step: number, length: number) => number;

const leaf = 128;

/** Sums halves, so that the rounding error grows with the logarithm of the length. */
const pairwiseSum: ReduceRun = (data, from, step, length) => {
  if (length > leaf) {
    const half = length >> 1;
    return pairwiseSum(data, from, step, half) + pairwiseSum(data, from + half * step, step, length - half);
  }
  let sum = 0;
  for (let i = 0; i < length; i++) sum += data[from + i * step]!;
  return sum;
};

const reduceWith =
  (combine: (a: number, b: number) => number): ReduceRun =>
  (data, from, step, length) => {
    let result = data[from]!;
    for (let i = 1; i < length; i++) result = combine(result, data[from + i * step]!);
    return result;
  };

/** Combines every element of `x` into the entry of `out` that it falls on when `out` is broadcast to it. */
function accumulate(
  out: NdArray,
  x: NdArray,
  combine: (a: number, b: number) => number,
  reduceRun: ReduceRun,
): NdArray {
  const [to, from] = [out.data, x.data];
  forEachRun(x.shape, [broadcastView(out, x.shape), x], (length, [o, p], [os, ps]) => {
    if (os === 0) {
      to[o!] = combine(to[o!]!, reduceRun(from, p!, ps!, length));
    } else {
      for (let i = 0; i < length; i++) to[o! + i * os!] = combine(to[o! + i * os!]!, from[p! + i * ps!]!);
    }
  });
  return out;
}

const plus = (a: number, b: number): number => a + b;

// Sums of float32 are formed in float64: rounding after each term would lose digits that pairwise sums keep.
const accumulatorOf = (dtype: DType): DType => (dtype === 'float32' ? 'float64' : dtype);

const rounded = (total: NdArray, dtype: DType): NdArray =>
  total.dtype === dtype ? total : assign(emptyOf({ shape: total.shape, dtype }), total);

/** What is below, or above, every value of a dtype. */
const bounds: { readonly [D in DType]: readonly [least: number, greatest: number] } = {
  float32: [-Infinity, Infinity],
  float64: [-Infinity, Infinity],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  bool: [0, 1],
};

const extremum = (name: 'max' | 'min', pick: (a: number, b: number) => number) => {
  const reduceRun = reduceWith(pick);
  return (x: NdArray, axes: readonly number[]) => {
    const { shape, dtype } = abstract[name](x, axes);
    const start = bounds[dtype][name === 'max' ? 0 : 1];
    return accumulate(filled(shape, start, dtype), x, pick, reduceRun);
  };
};

/** Calls `visit` with the start in `x` and in `out` of every line along `axis`. */
function forEachLine(x: NdArray, out: NdArray, axis: number, visit: (from: number, to: number) => void): void {
  if (x.size === 0) return;
  const zeros = x.shape.map(() => 0);
  const ones = x.shape.map(() => 1);
  const starts = x.shape.map((length, i) => (i === axis ? 1 : length));
  const [lines, places] = [x, out].map((a) => sliceView(a, zeros, starts, ones)) as [NdArray, NdArray];
  forEachRun(starts, [lines, places], (length, [p, o], [ps, os]) => {
    for (let i = 0; i < length; i++) visit(p! + i * ps!, o! + i * os!);
  });
}

const argExtremum =
  (name: 'argmax' | 'argmin', beats: (a: number, b: number) => boolean) => (x: NdArray, axis: number) => {
    const out = emptyOf(abstract[name](x, axis));
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

type Reduction = 'sum' | 'max' | 'min' | 'argmax' | 'argmin' | 'cumsum' | 'scatterAdd' | 'fold';

/** The primitives that bring many elements together. */
export const reductions: Pick<Kernels<NdArray>, Reduction> = {
  sum(x, axes) {
    const { shape, dtype } = abstract.sum(x, axes);
    return rounded(accumulate(filled(shape, 0, accumulatorOf(dtype)), x, plus, pairwiseSum), dtype);
  },
  max: extremum('max', Math.max),
  min: extremum('min', Math.min),
  argmax: argExtremum('argmax', (a, b) => a > b),
  argmin: argExtremum('argmin', (a, b) => a < b),

  cumsum(x, axis) {
    const out = emptyOf(abstract.cumsum(x, axis));
    const [length, step, outStep] = [x.shape[axis]!, x.stride[axis]!, out.stride[axis]!];
    forEachLine(x, out, axis, (from, to) => {
      let sum = 0;
      for (let i = 0; i < length; i++) out.data[to + i * outStep] = sum += x.data[from + i * step]!;
    });
    return out;
  },

  scatterAdd(x, indices, into) {
    const { shape, dtype } = abstract.scatterAdd(x, indices, into);
    const { axis } = into;
    const total = filled(shape, 0, accumulatorOf(dtype));
    const entries = mergeAxes(x, axis, indices.shape.length);
    const entry = (a: NdArray, index: number) =>
      sliceView(
        a,
        a.shape.map((_, i) => (i === axis ? index : 0)),
        a.shape.map((length, i) => (i === axis ? 1 : length)),
        a.shape.map(() => 1),
      );
    forEachIndex('scatterAdd', indices, into.size, (index, place) => {
      accumulate(entry(total, index), entry(entries, place), plus, pairwiseSum);
    });
    return rounded(total, dtype);
  },

  fold(x, into) {
    const { shape, dtype } = abstract.fold(x, into);
    const { windows } = into;
    const lead = shape.length - windows.length;
    const out = filled(shape, 0, accumulatorOf(dtype));
    const paddedShape = shape.map((n, i) =>
      i < lead ? n : n + windows[i - lead]!.padding[0] + windows[i - lead]!.padding[1],
    );
    const padded = filled(paddedShape, 0, out.dtype);
    accumulate(windowView(padded, windows, x.shape.slice(x.shape.length - windows.length)), x, plus, pairwiseSum);
    const { source, target } = overlap(out, padded, windows);
    assign(source, target);
    return rounded(out, dtype);
  },
};
