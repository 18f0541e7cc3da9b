/** The tape: which primitives ran, on what, in which order, as flat data. */

import type { NdArray, Primitive, Shape } from '@tapegrad/kernels';
import { TapeError } from './errors.ts';

/** What the tape knows of a tensor. */
export interface Recorded {
  readonly array: NdArray;
  readonly shape: Shape;
  /** Whether gradients flow to it: it is a parameter, was asked for, or was computed from such a tensor. */
  readonly requiresGrad: boolean;
  /** The primitive that computed it; `undefined` for an input of the program. */
  readonly entry: Entry | undefined;
  /** How often its elements were replaced. */
  readonly version: number;
  /** A name for messages and listings. */
  readonly name: string | undefined;
}

let executed = 0;

/**
 * One primitive that ran.
 *
 * An entry points at its inputs and so at the entries that computed them; nothing points at it but its output. A forward
 * pass whose results are dropped is therefore garbage, and the tape of a result is what can be reached from it.
 */
export class Entry<T extends Recorded = Recorded> {
  /** Position in the order of execution. */
  readonly id: number = executed++;
  readonly op: Primitive;
  /** Empty once a sweep consumed the entry. */
  inputs: readonly T[];
  /** The plain data that the primitive took beside its inputs. */
  readonly attributes: unknown;
  /** The sum of its inputs' versions when it ran: it differs as soon as one of them changed. */
  readonly versions: number;
  /** Whether a sweep has used it up. */
  consumed = false;
  #output: T | undefined;

  constructor(op: Primitive, inputs: readonly T[], attributes: unknown) {
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
    this.versions = versionsOf(inputs);
  }

  get output(): T {
    return this.#output as T;
  }

  /** Set once, by the recorder, when the output that refers to this entry exists. */
  bind(output: T): void {
    this.#output = output;
  }

  /** Drops what the entry holds in memory. */
  consume(): void {
    this.consumed = true;
    this.inputs = [];
  }
}

/** The sum of the versions of some tensors. */
export function versionsOf(inputs: readonly Recorded[]): number {
  let sum = 0;
  for (let i = 0; i < inputs.length; i++) sum += inputs[i]!.version;
  return sum;
}

/**
 * The entries that a tensor was computed by, in order of execution; so every entry comes after those that computed its
 * inputs, and walking backwards needs no recursion.
 */
export function tapeOf<T extends Recorded>(root: T): Entry<T>[] {
  if (root.entry === undefined) return [];
  const found = new Set<Entry<T>>([root.entry as Entry<T>]);
  // A set visits what is added while it is walked.
  for (const { consumed, inputs, op } of found) {
    if (consumed) {
      throw new TapeError(
        `backward: the tape was consumed at '${op}' by an earlier sweep; pass { retainGraph: true } to that one to sweep again`,
      );
    }
    for (let i = 0; i < inputs.length; i++) {
      const { entry } = inputs[i]!;
      if (entry !== undefined) found.add(entry as Entry<T>);
    }
  }
  return [...found].sort((a, b) => a.id - b.id);
}

let recording = true;

/** Whether primitives are being recorded. */
export const isRecording = (): boolean => recording;

/** Runs `body` with recording on or off, and puts it back as it was even if `body` throws. */
export function withRecording<R>(on: boolean, body: () => R): R {
  const before = recording;
  recording = on;
  try {
    return body();
  } finally {
    recording = before;
  }
}
