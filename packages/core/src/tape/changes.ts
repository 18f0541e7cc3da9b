/** Changes of variables, so that no sweep takes new elements for the old ones. */

import type { Data } from '@tapegrad/kernels';
import { type Entry, nextEntry, type Recorded } from './entry.ts';

/** A change of a tensor's elements, by the memory that holds them: what views it has share it. */
interface Change {
  readonly tensor: Recorded;
  /** The entry that was to come next. */
  readonly before: number;
}

const changes = new WeakMap<Data, Change>();
let lastChange = 0;

/** Notes that a tensor's elements are being replaced, so that no sweep takes the new ones for the old. */
export function noteChange(tensor: Recorded): void {
  lastChange = nextEntry();
  changes.set(tensor.array.data, { tensor, before: lastChange });
}

/** The tensor that one of an entry's inputs is, or is a view of, if its elements were replaced since the entry ran. */
export function changedInput<T extends Recorded>(
  { id, inputs: all }: Entry<T>,
  inputs: readonly T[] = all,
): Recorded | undefined {
  if (id >= lastChange) return undefined;
  for (const { array } of inputs) {
    const change = changes.get(array.data);
    if (change !== undefined && id < change.before) return change.tensor;
  }
  return undefined;
}
