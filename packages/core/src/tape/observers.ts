/** Who looks on while a tape is walked. */

import { DynamicScope } from '@tapegrad/kernels';
import type { AnyRecorded, Entry, Recorded } from './entry.ts';

/** Sees the cotangent of a tensor, and may give another. */
export type Hook<T> = (cotangent: T) => T | undefined;

// Hooks live as long as their tensors. There is no map before the first one, so that sweeps without any need not look.
let hooks: WeakMap<AnyRecorded, ReadonlySet<unknown>> | undefined;

/** The hooks of a tensor, in the order in which they came. */
export const hooksOf = <T extends AnyRecorded>(x: T): ReadonlySet<Hook<T>> | undefined =>
  hooks?.get(x) as ReadonlySet<Hook<T>> | undefined;

/** Adds a hook to a tensor. Gives what removes it. */
export function addHook<T extends AnyRecorded>(x: T, hook: Hook<T>): () => void {
  hooks ??= new WeakMap();
  // A new set each time: a sweep may be walking along the old one.
  hooks.set(x, new Set([...(hooksOf(x) ?? []), hook]));
  return () => {
    const others = [...(hooksOf(x) ?? [])].filter((other) => other !== hook);
    if (others.length === 0) hooks?.delete(x);
    else hooks?.set(x, new Set(others));
  };
}

/** Sees what walks along a tape make of it. */
export interface Observer<T extends AnyRecorded = Recorded> {
  /** Sees the cotangent `d` that an entry passes on to its input `i` of its output's cotangent `g`. */
  cotangent(entry: Entry<T>, i: number, g: T, d: T): void;
  /** Sees the tangent `t` of an entry's output, given those of its inputs. */
  tangent(entry: Entry<T>, of: readonly (T | undefined)[], t: T): void;
}

const observer = new DynamicScope<Observer | undefined>(undefined);

export const currentObserver = <T extends AnyRecorded>(): Observer<T> | undefined =>
  observer.current as unknown as Observer<T> | undefined;

/** Runs `body` while someone, or nobody, looks on. */
export const withObserver = <T extends AnyRecorded, R>(own: Observer<T> | undefined, body: () => R): R =>
  observer.run(own as unknown as Observer | undefined, body);

const applied = new DynamicScope<Entry<AnyRecorded> | undefined>(undefined);

/** The entry whose rule is running, if a walk that is watched runs one. */
export const appliedEntry = (): Entry<AnyRecorded> | undefined => applied.current;

/** Runs the rule of an entry. */
export const whileApplying = <R>(entry: Entry<AnyRecorded> | undefined, run: () => R): R => applied.run(entry, run);
