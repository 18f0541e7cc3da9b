/** The tapes of checkpoints, which are recorded when a backward pass reaches them. */

import { DynamicScope } from '@tapegrad/kernels';
import { type AnyRecorded, Entry, nextEntry, type Recomputation } from './entry.ts';
import { entriesOf } from './reachable.ts';
import { withRecording } from './recording.ts';

const recomputing = new DynamicScope(false);

/**
 * Returns whether a forward pass is being rerun to record its tape. Side effects, such as updates of running
 * statistics, have already happened once.
 */
export const isRecomputing = (): boolean => recomputing.current;

/**
 * Returns the entries that replace a checkpoint's entry. The checkpointed function is run again and recorded. A last
 * entry passes the new result on as the checkpoint's output.
 */
export function recomputed<T extends AnyRecorded>({ attributes, output }: Entry<T>): Entry<T>[] {
  const since = nextEntry();
  return recomputing.run(true, () => {
    const again = withRecording(true, () => (attributes as Recomputation<T>).recompute());
    const entries = entriesOf([again], since);
    const handedOn = new Entry('reshape', [again], output.shape);
    handedOn.bind(output);
    return [...entries, handedOn];
  });
}

/** Returns the entries of a tape, with each checkpoint replaced by its recomputed entries. */
export const expanded = <T extends AnyRecorded>(entries: readonly Entry<T>[]): Entry<T>[] =>
  entries.flatMap((entry) => (entry.op === 'checkpoint' ? expanded(recomputed(entry)) : [entry]));
