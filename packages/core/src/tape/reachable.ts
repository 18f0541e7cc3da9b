/** The tape of a result: the entries reachable from it, in order of execution. */

import { ArgumentError } from '@tapegrad/kernels';
import { describeValue } from '../checks/describe-value.ts';
import { TapeError } from '../checks/errors.ts';
import { checkNoMore } from '../checks/untyped-callers.ts';
import { type AnyRecorded, type Entry, nextEntry } from './entry.ts';

let walks = 0;

/**
 * Returns the entries that computed the given tensors, in order of execution, without those before number `since`. So
 * every entry comes after those that computed its inputs, and walking backward needs no recursion.
 */
export function entriesOf<T extends AnyRecorded>(roots: Iterable<T>, since = 0): Entry<T>[] {
  const found: Entry<T>[] = [];
  const walk = ++walks;
  // Whether the entries are found in descending order, as for a chain of layers. Then sorting isn't needed.
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
  // The list grows during iteration.
  for (const entry of found) {
    if (entry.consumed) {
      throw new TapeError(
        `backward: the tape was consumed at '${entry.name}' by an earlier backward pass; pass { retainGraph: true } to that one`,
      );
    }
    for (let i = 0; i < entry.inputs.length; i++) visit(entry.inputs[i]!);
  }
  return isDescending ? found.reverse() : found.sort((a, b) => a.id - b.id);
}

/** Returns the entries that computed a tensor, in order of execution. */
export function tapeOf<T extends AnyRecorded>(x: { readonly entry: Entry<T> | undefined }, ...more: []): Entry<T>[] {
  checkNoMore('tapeOf', more);
  if (typeof x !== 'object' || x === null || !('entry' in x)) {
    throw new ArgumentError(`tapeOf: expected a tensor, got ${describeValue(x)}`);
  }
  return x.entry === undefined ? [] : entriesOf([x.entry.output]);
}
