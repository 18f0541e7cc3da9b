import { resultOf } from '../abstract/shape-inference.ts';
import { filled, type NdArray } from '../arrays/array.ts';
import { assign } from '../arrays/copy.ts';
import type { Data, DType } from '../arrays/dtype.ts';
import { forEachRun } from '../arrays/iterate.ts';
import { emptyOf } from '../arrays/movement.ts';
import { countAlong } from '../arrays/shape.ts';
import { broadcastView, sliceView } from '../arrays/views.ts';
import type { ArrayLike, Kernels } from '../primitives.ts';

/** A way of reducing elements, in float64. */
interface Reduction {
  /** The result for no elements. */
  readonly identity: number;
  readonly ofTwo: (a: number, b: number) => number;
  /** Reduces a run of elements that are `step` apart. */
  readonly ofRun: (data: Data, from: number, step: number, length: number) => number;
  /** Combines each element of a run with the result that belongs to it; results are `toStep` apart. */
  readonly intoRun: (
    results: Data,
    to: number,
    toStep: number,
    data: Data,
    from: number,
    step: number,
    length: number,
  ) => void;
}

const leaf = 128;

// One loop per function: an engine inlines a function called in a loop only if the loop always calls the same one.
export const sum: Reduction = {
  identity: 0,
  ofTwo: (a, b) => a + b,
  // Pairwise summation: sums the halves separately, so that the rounding error grows with the logarithm of the
  // length.
  ofRun(data, from, step, length) {
    if (length > leaf) {
      const half = Math.floor(length / 2);
      return sum.ofRun(data, from, step, half) + sum.ofRun(data, from + half * step, step, length - half);
    }
    let total = 0;
    for (let i = 0; i < length; i++) total += data[from + i * step]!;
    return total;
  },
  intoRun(results, to, toStep, data, from, step, length) {
    for (let i = 0; i < length; i++) results[to + i * toStep]! += data[from + i * step]!;
  },
};

/** The sum of int32 numbers, with wrapping. A sum in float64 would be exact only for a few million terms. */
const wrappingSum: Reduction = {
  ...sum,
  ofRun(data, from, step, length) {
    let total = 0;
    for (let i = 0; i < length; i++) total = (total + data[from + i * step]!) | 0;
    return total;
  },
};

const max: Reduction = {
  identity: Number.NEGATIVE_INFINITY,
  ofTwo: Math.max,
  ofRun(data, from, step, length) {
    let best = data[from]!;
    for (let i = 1; i < length; i++) best = Math.max(best, data[from + i * step]!);
    return best;
  },
  intoRun(results, to, toStep, data, from, step, length) {
    for (let i = 0; i < length; i++) {
      results[to + i * toStep] = Math.max(results[to + i * toStep]!, data[from + i * step]!);
    }
  },
};

const min: Reduction = {
  identity: Number.POSITIVE_INFINITY,
  ofTwo: Math.min,
  ofRun(data, from, step, length) {
    let best = data[from]!;
    for (let i = 1; i < length; i++) best = Math.min(best, data[from + i * step]!);
    return best;
  },
  intoRun(results, to, toStep, data, from, step, length) {
    for (let i = 0; i < length; i++) {
      results[to + i * toStep] = Math.min(results[to + i * toStep]!, data[from + i * step]!);
    }
  },
};

/** Combines every element of `x` into the entry of `results` that it maps to when `results` is broadcast to `x`. */
export function reduceInto(results: NdArray, x: NdArray, { ofTwo, ofRun, intoRun }: Reduction): void {
  const [to, from] = [results.data, x.data];
  forEachRun(x.shape, [broadcastView(results, x.shape), x], (length, [o, p], [os, ps]) => {
    if (os === 0) to[o!] = ofTwo(to[o!]!, ofRun(from, p!, ps!, length));
    else intoRun(to, o!, os!, from, p!, ps!, length);
  });
}

/** Converts results to the requested dtype, rounding once. */
export const rounded = (results: NdArray, dtype: DType): NdArray =>
  results.dtype === dtype ? results : assign(emptyOf({ shape: results.shape, dtype }), results);

function reduce(x: NdArray, { shape, dtype }: ArrayLike, reduction: Reduction, divisor = 1): NdArray {
  const results = filled(shape, reduction.identity, 'float64');
  reduceInto(results, x, reduction);
  if (divisor !== 1) for (let i = 0; i < results.size; i++) results.data[i]! /= divisor;
  return rounded(results, dtype);
}

/** Calls `visit` for every line along `axis`, with its start in `x` and in `out`. */
export function forEachLine(x: NdArray, out: NdArray, axis: number, visit: (from: number, to: number) => void): void {
  if (x.size === 0) return;
  const zeros = x.shape.map(() => 0);
  const ones = x.shape.map(() => 1);
  const starts = x.shape.map((length, i) => (i === axis ? 1 : length));
  const [lines, places] = [x, out].map((a) => sliceView(a, zeros, starts, ones)) as [NdArray, NdArray];
  forEachRun(starts, [lines, places], (length, [p, o], [ps, os]) => {
    for (let i = 0; i < length; i++) visit(p! + i * ps!, o! + i * os!);
  });
}

type Reducing = 'sum' | 'mean' | 'max' | 'min';

/** The primitives that reduce elements. */
export const reductions: Pick<Kernels<NdArray>, Reducing> = {
  sum(x, axes) {
    const type = resultOf.sum(x, axes);
    if (type.dtype !== 'int32') return reduce(x, type, sum);
    const results = filled(type.shape, 0, 'int32');
    reduceInto(results, x, wrappingSum);
    return results;
  },
  mean: (x, axes) => reduce(x, resultOf.mean(x, axes), sum, countAlong(x.shape, axes)),
  max: (x, axes) => reduce(x, resultOf.max(x, axes), max),
  min: (x, axes) => reduce(x, resultOf.min(x, axes), min),
};
