import { resultOf } from '../abstract/shape-inference.ts';
import { filled, type NdArray } from '../arrays/array.ts';
import { assign } from '../arrays/copy.ts';
import type { Data, DType } from '../arrays/dtype.ts';
import { forEachRun } from '../arrays/iterate.ts';
import { byEntry, emptyOf, readIndices, reshaped } from '../arrays/movement.ts';
import { countAlong } from '../arrays/shape.ts';
import { broadcastView, firstEntryView, sliceView } from '../arrays/views.ts';
import type { ArrayLike, Kernels } from '../primitives.ts';

/** A way of reducing elements, in float64. */
interface Reduction {
  /** The result for no elements. */
  readonly identity: number;
  readonly ofTwo: (a: number, b: number) => number;
  /** Reduces a run of elements, `step` apart. */
  readonly ofRun: (data: Data, from: number, step: number, length: number) => number;
  /** Combines each element of a run into its own result; results are `toStep` apart. */
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

/** The sum of int32 numbers, which wraps for any number of terms; float64 sums are exact only for a few million. */
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

/** Adds each element of a run to the result at the position given by a list. */
function addPicked(
  results: Data,
  to: number,
  toStep: number,
  data: Data,
  from: number,
  step: number,
  list: Data,
): void {
  for (let j = 0; j < list.length; j++) results[to + list[j]! * toStep]! += data[from + j * step]!;
}

/** Adds each entry of an axis to the result's entry at the position given by a list. */
function addEntries(results: NdArray, entries: NdArray, list: Data, axis: number): void {
  const [toEntry, fromEntry] = [results.stride[axis]!, entries.stride[axis]!];
  const first = [results, entries].map((a) => firstEntryView(a, axis));
  forEachRun(first[0]!.shape, first, (length, [to, from], [toStep, fromStep]) => {
    if (byEntry(length, toStep!, toEntry)) {
      for (let j = 0; j < list.length; j++) {
        const [target, source] = [to! + list[j]! * toEntry, from! + j * fromEntry];
        sum.intoRun(results.data, target, toStep!, entries.data, source, fromStep!, length);
      }
    } else {
      for (let i = 0; i < length; i++) {
        addPicked(results.data, to! + i * toStep!, toEntry, entries.data, from! + i * fromStep!, fromEntry, list);
      }
    }
  });
}

/** Returns the distinct numbers of a list, all below `end`, in order of appearance, and each number's index among them. */
function distinctOf(list: Data, end: number): { readonly distinct: Data; readonly ranks: Data } {
  const rankOf = new Int32Array(end);
  const distinct = new Int32Array(Math.min(end, list.length));
  const ranks = new Int32Array(list.length);
  let count = 0;
  for (let i = 0; i < list.length; i++) {
    const number = list[i]!;
    // Stores the rank plus one, so that 0 marks numbers without a rank.
    if (rankOf[number] === 0) {
      distinct[count] = number;
      rankOf[number] = ++count;
    }
    ranks[i] = rankOf[number]! - 1;
  }
  return { distinct: distinct.subarray(0, count), ranks };
}

type Reducing = 'sum' | 'mean' | 'max' | 'min' | 'cumsum' | 'scatterAdd';

/** The primitives that reduce or accumulate elements. */
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

  cumsum(x, axis) {
    const out = emptyOf(resultOf.cumsum(x, axis));
    const [data, sums, length] = [x.data, out.data, x.shape[axis]!];
    const [step, outStep, wraps] = [x.stride[axis]!, out.stride[axis]!, x.dtype === 'int32'];
    forEachLine(x, out, axis, (from, to) => {
      let total = 0;
      for (let i = 0; i < length; i++) {
        total += data[from + i * step]!;
        if (wraps) total |= 0;
        sums[to + i * outStep] = total;
      }
    });
    return out;
  },

  scatterAdd(x, indices, into) {
    const { shape, dtype } = resultOf.scatterAdd(x, indices, into);
    const { axis, size } = into;
    const places = readIndices('scatterAdd', indices, size);
    const entries = reshaped(x, shape.with(axis, places.length));
    // Sums in float64 and rounds once. If the table is larger than the list, only entries that are added to are
    // processed.
    const wide = dtype === 'int32' ? 'int32' : 'float64';
    if (dtype === wide || places.length >= size) {
      const sums = filled(shape, 0, wide);
      addEntries(sums, entries, places, axis);
      return rounded(sums, dtype);
    }
    const { distinct, ranks } = distinctOf(places, size);
    const sums = filled(shape.with(axis, distinct.length), 0, 'float64');
    addEntries(sums, entries, ranks, axis);
    const out = filled(shape, 0, dtype);
    addEntries(out, sums, distinct, axis);
    return out;
  },
};
