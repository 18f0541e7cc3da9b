/** Hooks of tensors, and observers of walks over a tape. */

import { DynamicScope } from '@tapegrad/kernels';
import type { AnyRecorded, Entry, Recorded } from './entry.ts';

/** Receives the cotangent of a tensor, and may return a replacement. */
export type Hook<T> = (cotangent: T) => T | undefined;

// Hooks live as long as their tensors. The map is created with the first hook, so that backward passes without hooks skip
// the lookup.
let hooks: WeakMap<AnyRecorded, ReadonlySet<unknown>> | undefined;

/** Returns the hooks of a tensor, in the order in which they were added. */
export const hooksOf = <T extends AnyRecorded>(x: T): ReadonlySet<Hook<T>> | undefined =>
  hooks?.get(x) as ReadonlySet<Hook<T>> | undefined;

/** Adds a hook to a tensor. Returns a function that removes it. */
export function addHook<T extends AnyRecorded>(x: T, hook: Hook<T>): () => void {
  hooks ??= new WeakMap();
  // Creates a new set each time, since a backward pass may be iterating over the old one.
  hooks.set(x, new Set([...(hooksOf(x) ?? []), hook]));
  return () => {
    const others = [...(hooksOf(x) ?? [])].filter((other) => other !== hook);
    if (others.length === 0) hooks?.delete(x);
    else hooks?.set(x, new Set(others));
  };
}

/** Receives the values that walks over a tape compute. */
export interface Observer<T extends AnyRecorded = Recorded> {
  /** Receives the cotangent `d` that an entry passes to its input `i`, computed from the cotangent `g` of its output. */
  cotangent(entry: Entry<T>, i: number, g: T, d: T): void;
  /** Receives the tangent `t` of an entry's output, computed from the tangents `of` its inputs. */
  tangent(entry: Entry<T>, of: readonly (T | undefined)[], t: T): void;
}

const observer = new DynamicScope<Observer | undefined>(undefined);

export const currentObserver = <T extends AnyRecorded>(): Observer<T> | undefined =>
  observer.current as unknown as Observer<T> | undefined;

/** Runs `body` with the given observer, or without any if it is `undefined`. */
export const withObserver = <T extends AnyRecorded, R>(own: Observer<T> | undefined, body: () => R): R =>
  observer.run(own as unknown as Observer | undefined, body);

const applied = new DynamicScope<Entry<AnyRecorded> | undefined>(undefined);

/** Returns the entry whose rule is running, if an observed walk is running one. */
export const appliedEntry = (): Entry<AnyRecorded> | undefined => applied.current;

/** Calls `run`. Until it returns, `appliedEntry` returns `entry`. */
export const whileApplying = <R>(entry: Entry<AnyRecorded> | undefined, run: () => R): R => applied.run(entry, run);
