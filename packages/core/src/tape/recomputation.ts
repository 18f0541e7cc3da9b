/** The tapes of checkpoints, which are recorded when a sweep comes to them. */

import { DynamicScope } from '@tapegrad/kernels';
import { type AnyRecorded, Entry, nextEntry, type Recomputation } from './entry.ts';
import { entriesOf } from './reachable.ts';
import { withRecording } from './recording.ts';

const recomputing = new DynamicScope(false);

/** Whether a forward pass runs a second time, for its tape: what it updates beside its result has been updated before. */
export const isRecomputing = (): boolean => recomputing.current;

/**
 * The entries in whose place a checkpoint's stands: what ran is run again and recorded, and its result handed on as that
 * of the checkpoint.
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

/** The entries of a tape, with those in whose place checkpoints stand. */
export const expanded = <T extends AnyRecorded>(entries: readonly Entry<T>[]): Entry<T>[] =>
  entries.flatMap((entry) => (entry.op === 'checkpoint' ? expanded(recomputed(entry)) : [entry]));
