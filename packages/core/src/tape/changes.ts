/** Tracks modifications of variables, so that backward passes and views never see new elements in place of old ones. */

import type { ArrayLike, Data, NdArray } from '@tapegrad/kernels';
import { type AnyRecorded, type Entry, nextEntry, type Recorded } from './entry.ts';

/** The last modification of a tensor's elements. */
interface Change {
  readonly tensor: Recorded;
  /** The number that the next tape entry had at the time of the modification. */
  before: number;
}

const changes = new WeakMap<Data, Change>();
let lastChange = 0;

/**
 * Records that a tensor's elements are being replaced, so that backward passes don't use the new elements in place of
 * the old ones.
 */
export function noteChange(tensor: Recorded): void {
  lastChange = nextEntry();
  const { data } = tensor.array;
  const change = changes.get(data);
  if (change?.tensor === tensor) change.before = lastChange;
  else changes.set(data, { tensor, before: lastChange });
}

/** The memory that other tensors share with a variable. */
const shared = new WeakSet<Data>();

/**
 * Records that other tensors may share this memory. If the memory belongs to a variable, the variable moves to new
 * memory before its next change.
 */
export const noteView = (data: Data): void => {
  shared.add(data);
};

/**
 * Records that an array shares memory if it is a view of a variable among the inputs. Variables are recognized by
 * having a name.
 */
export function noteViewOf(inputs: readonly Recorded[], { data }: NdArray): void {
  for (const { name, array } of inputs) if (name !== undefined && array.data === data) shared.add(data);
}

/** Returns whether other tensors may share this memory. */
export const isShared = (data: Data): boolean => shared.has(data);

/** The memory of variables that compiled programs write to at every run. Readers can't keep it, so they get copies. */
const lent = new WeakSet<Data>();

/** Records that a variable's memory belongs to a compiled program, so that reading the elements copies them. */
export const noteLent = (data: Data): void => {
  lent.add(data);
};

/** Returns whether a variable's memory belongs to a compiled program. */
export const isLent = (data: Data): boolean => lent.has(data);

/** An array that may lack memory. An array without memory has only a shape, and never changes. */
type MaybeStored = ArrayLike & { readonly data?: Data };

/**
 * Looks for an input whose elements were replaced after the entry ran. Returns that tensor or, if the input is a view
 * of a variable, the variable.
 */
export function changedInput<T extends AnyRecorded>(
  { id, inputs: all }: Entry<T>,
  inputs: readonly T[] = all,
): Recorded | undefined {
  if (id >= lastChange) return undefined;
  for (const { array } of inputs) {
    const { data } = array as MaybeStored;
    const change = data && changes.get(data);
    if (change !== undefined && id < change.before) return change.tensor;
  }
  return undefined;
}
