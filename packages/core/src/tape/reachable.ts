/** The tape of a result: the entries that can be reached from it, in the order in which they ran. */

import { ArgumentError } from '@tapegrad/kernels';
import { describeValue } from '../checks/describe-value.ts';
import { TapeError } from '../checks/errors.ts';
import { checkNoMore } from '../checks/untyped-callers.ts';
import { type AnyRecorded, type Entry, nextEntry } from './entry.ts';

let walks = 0;

/**
 * The entries from number `since` on that some tensors were computed by, in order of execution; so every entry comes after
 * those that computed its inputs, and walking backwards needs no recursion.
 */
export function entriesOf<T extends AnyRecorded>(roots: Iterable<T>, since = 0): Entry<T>[] {
  const found: Entry<T>[] = [];
  const walk = ++walks;
  // As in a chain of layers: then there is nothing to sort.
  let isDescending = true;
  let last = nextEntry();
  const visit = ({ entry }: T): void => {
    if (entry === undefined || entry.id < since || entry.walk === walk) return;
    entry.walk = walk;
    isDescending &&= entry.id < last;
    last = entry.id;
    found.push(entry as Entry<T>);
  };
  for (const root of roots) visit(root);
  // It grows while it is walked.
  for (const entry of found) {
    if (entry.consumed) {
      throw new TapeError(
        `backward: the tape was consumed at '${entry.name}' by an earlier sweep; pass { retainGraph: true } to that one to sweep again`,
      );
    }
    for (let i = 0; i < entry.inputs.length; i++) visit(entry.inputs[i]!);
  }
  return isDescending ? found.reverse() : found.sort((a, b) => a.id - b.id);
}

/** The entries that a tensor was computed by, in order of execution. */
export function tapeOf<T extends AnyRecorded>(x: { readonly entry: Entry<T> | undefined }, ...more: []): Entry<T>[] {
  checkNoMore('tapeOf', more);
  if (typeof x !== 'object' || x === null || !('entry' in x)) {
    throw new ArgumentError(`tapeOf: expected a tensor, got ${describeValue(x)}`);
  }
  return x.entry === undefined ? [] : entriesOf([x.entry.output]);
}
