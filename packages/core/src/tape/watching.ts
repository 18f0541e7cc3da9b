/** Who looks on while a sweep runs. */

import type { Entry, Recorded } from './tape.ts';

/** Sees the cotangent of a tensor, and may give another. */
export type Hook<T> = (cotangent: T) => T | undefined;

// Hooks live as long as their tensors. There is no map before the first one, so that sweeps without any need not look.
let hooks: WeakMap<Recorded, ReadonlySet<unknown>> | undefined;

/** The hooks of a tensor, in the order in which they came. */
export const hooksOf = <T extends Recorded>(x: T): ReadonlySet<Hook<T>> | undefined =>
  hooks?.get(x) as ReadonlySet<Hook<T>> | undefined;

/** Adds a hook to a tensor. Gives what removes it. */
export function addHook<T extends Recorded>(x: T, hook: Hook<T>): () => void {
  hooks ??= new WeakMap();
  // A new set each time: a sweep may be walking along the old one.
  hooks.set(x, new Set([...(hooksOf(x) ?? []), hook]));
  return () => {
    const others = [...(hooksOf(x) ?? [])].filter((other) => other !== hook);
    if (others.length === 0) hooks?.delete(x);
    else hooks?.set(x, new Set(others));
  };
}

/** Sees the cotangent `d` that an entry passes on to its input `i` of its output's cotangent `g`. */
export type CotangentWatcher<T extends Recorded = Recorded> = (entry: Entry<T>, i: number, g: T, d: T) => void;

let watcher: CotangentWatcher | undefined;

export const cotangentWatcher = <T extends Recorded>(): CotangentWatcher<T> | undefined =>
  watcher as unknown as CotangentWatcher<T> | undefined;

/** Runs `body` while someone sees every cotangent. */
export function withCotangentWatcher<T extends Recorded, R>(own: CotangentWatcher<T>, body: () => R): R {
  const before = watcher;
  watcher = own as unknown as CotangentWatcher;
  try {
    return body();
  } finally {
    watcher = before;
  }
}

let swept: Entry | undefined;

/** The entry whose rule is running, if a sweep that is watched runs one. */
export const entryBeingSwept = (): Entry | undefined => swept;

/** Runs the rule of an entry. */
export function whileSwept(entry: Entry | undefined, run: () => void): void {
  const before = swept;
  swept = entry;
  try {
    run();
  } finally {
    swept = before;
  }
}
