/** The plain loops of `take` and `scatterAdd`. */

import { indexingResultOf } from '../abstract/indexing.ts';
import { empty, filled, type NdArray } from '../arrays/array.ts';
import { copyRun } from '../arrays/copy.ts';
import type { Data } from '../arrays/dtype.ts';
import { forEachRun } from '../arrays/iterate.ts';
import { readIndices, reshaped } from '../arrays/movement.ts';
import { firstEntryView } from '../arrays/views.ts';
import type { IndexingKernels } from '../primitives.ts';
import { rounded, sum } from './reductions.ts';

/**
 * Returns whether to copy an axis entry by entry, each entry as one run. Otherwise, the axis is copied one element of
 * every entry at a time. Entries are `entryStep` apart; their elements are `step` apart.
 */
const byEntry = (length: number, step: number, entryStep: number): boolean =>
  length > 1 && Math.abs(step) < Math.abs(entryStep);

/** Copies the elements at the positions in a list. */
function copyPicked(
  target: Data,
  to: number,
  toStep: number,
  source: Data,
  from: number,
  fromStep: number,
  list: Data,
): void {
  for (let j = 0; j < list.length; j++) target[to + j * toStep] = source[from + list[j]! * fromStep]!;
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

/** The primitives of the indexing extension, as plain loops. */
export const indexingLoops: IndexingKernels<NdArray> = {
  take(x, indices, axis) {
    const { shape, dtype } = indexingResultOf.take(x, indices, axis);
    const list = readIndices('take', indices, x.shape[axis]!);
    const out = empty(x.shape.with(axis, list.length), dtype);
    const [toEntry, fromEntry] = [out.stride[axis]!, x.stride[axis]!];
    const first = [out, x].map((a) => firstEntryView(a, axis));
    forEachRun(first[0]!.shape, first, (length, [to, from], [toStep, fromStep]) => {
      if (byEntry(length, fromStep!, fromEntry)) {
        for (let j = 0; j < list.length; j++) {
          copyRun(out.data, to! + j * toEntry, toStep!, x.data, from! + list[j]! * fromEntry, fromStep!, length);
        }
      } else {
        for (let i = 0; i < length; i++) {
          copyPicked(out.data, to! + i * toStep!, toEntry, x.data, from! + i * fromStep!, fromEntry, list);
        }
      }
    });
    return reshaped(out, shape);
  },

  scatterAdd(x, indices, into) {
    const { shape, dtype } = indexingResultOf.scatterAdd(x, indices, into);
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
