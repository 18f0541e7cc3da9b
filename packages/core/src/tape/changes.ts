/** Changes of variables, so that neither a sweep nor a view takes new elements for the old ones. */

import type { ArrayLike, Data, NdArray } from '@tapegrad/kernels';
import { type AnyRecorded, type Entry, nextEntry, type Recorded } from './entry.ts';

/** A change of a tensor's elements, by the memory that holds them. */
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

/** Memory that other tensors show as well as the variable it belongs to. */
const shared = new WeakSet<Data>();

/** Notes that tensors may come that show this memory: should it be a variable's, that one leaves it before it changes. */
export const noteView = (data: Data): void => {
  shared.add(data);
};

/** Notes an array that is a view of what it was made of. */
export function noteViewOf(inputs: readonly Recorded[], { data }: NdArray): void {
  if (inputs.some(({ array }) => array.data === data)) shared.add(data);
}

export const isShared = (data: Data): boolean => shared.has(data);

/** An array; one without memory, of shapes alone, never changes. */
type MaybeStored = ArrayLike & { readonly data?: Data };

/** The tensor that one of an entry's inputs is, or is a view of, if its elements were replaced since the entry ran. */
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
