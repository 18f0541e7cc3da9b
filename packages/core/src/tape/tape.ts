/** The tape: which primitives ran, on what, in which order, as flat data. */

import { checkSynchronous, type Data, type NdArray, type Primitive, type Shape } from '@tapegrad/kernels';
import { TapeError } from '../errors.ts';

/** What the tape knows of a tensor. */
export interface Recorded {
  readonly array: NdArray;
  readonly shape: Shape;
  /** Whether gradients flow to it: it is a parameter, was asked for, or was computed from such a tensor. */
  readonly requiresGrad: boolean;
  /** The primitive that computed it; `undefined` for an input of the program. */
  readonly entry: Entry | undefined;
  /** A name for messages and listings. */
  readonly name: string | undefined;
}

/** What ran: a primitive, an operation that has a definition of its own, or a function whose tape was not kept. */
export type Op = Primitive | 'custom' | 'checkpoint';

/** An operation that is no primitive; of the tensors of one program, a constant that all its entries share. */
export interface Definition<T extends Recorded = Recorded> {
  readonly name: string;
  /** Computes its result from other inputs. */
  run(inputs: readonly T[], options: unknown): T;
  /** The cotangent of each of its inputs, given its result's; `null` is 0. */
  cotangents(entry: Entry<T>, g: T): readonly (T | null)[];
  /** The tangent of its result, given those of its inputs. */
  tangent(entry: Entry<T>, tangents: readonly T[]): T;
  /** Whether it leaves the axes before those that it is about as they are. */
  readonly batched: boolean;
}

/** The attributes of an entry whose op is `custom`. */
export interface CustomAttributes<T extends Recorded = Recorded> {
  readonly definition: Definition<T>;
  /** The plain data that it took beside its inputs. */
  readonly options: unknown;
}

/** The attributes of an entry whose op is `checkpoint`. */
export interface Recomputation<T extends Recorded = Recorded> {
  /** Runs again what ran, in the same way. */
  recompute(): T;
}

let executed = 0;

/**
 * One operation that ran.
 *
 * An entry points at its inputs and so at the entries that computed them; nothing points at it but its output. A forward
 * pass whose results are dropped is therefore garbage, and the tape of a result is what can be reached from it.
 */
export class Entry<T extends Recorded = Recorded> {
  /** Position in the order of execution. */
  readonly id: number = executed++;
  readonly op: Op;
  /** Empty once a sweep consumed the entry. */
  inputs: readonly T[];
  /** What the operation took beside its inputs: plain data, or for `custom` and `checkpoint` their own attributes. */
  attributes: unknown;
  /** Whether a sweep has used it up. */
  consumed = false;
  /** The last walk to its inputs that came by. */
  walk = 0;
  #output: T | undefined;

  constructor(op: Op, inputs: readonly T[], attributes: unknown) {
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
  }

  /** What the operation is called. */
  get name(): string {
    return customOf(this)?.definition.name ?? this.op;
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
    if (this.op === 'checkpoint') this.attributes = undefined;
  }
}

/** The definition of an operation that is no primitive, and the options that it took. */
export const customOf = <T extends Recorded>({ op, attributes }: Entry<T>): CustomAttributes<T> | undefined =>
  op === 'custom' ? (attributes as CustomAttributes<T>) : undefined;

/** A change of a tensor's elements, by the memory that holds them: what views it has share it. */
interface Change {
  readonly tensor: Recorded;
  /** The entry that was to come next. */
  readonly before: number;
}

const changes = new WeakMap<Data, Change>();
let lastChange = 0;

/** Notes that a tensor's elements are being replaced, so that no sweep takes the new ones for the old. */
export function noteChange(tensor: Recorded): void {
  lastChange = executed;
  changes.set(tensor.array.data, { tensor, before: executed });
}

/** The tensor that one of an entry's inputs is, or is a view of, if its elements were replaced since the entry ran. */
export function changedInput<T extends Recorded>(
  { id, inputs: all }: Entry<T>,
  inputs: readonly T[] = all,
): Recorded | undefined {
  if (id >= lastChange) return undefined;
  for (const { array } of inputs) {
    const change = changes.get(array.data);
    if (change !== undefined && id < change.before) return change.tensor;
  }
  return undefined;
}

let walks = 0;

/** The number that the next entry will get: what runs from now on has this one or a later one. */
export const nextEntry = (): number => executed;

/**
 * The entries from number `since` on that some tensors were computed by, in order of execution; so every entry comes after
 * those that computed its inputs, and walking backwards needs no recursion.
 */
export function entriesOf<T extends Recorded>(roots: Iterable<T>, since = 0): Entry<T>[] {
  const found: Entry<T>[] = [];
  const walk = ++walks;
  // As in a chain of layers: then there is nothing to sort.
  let isDescending = true;
  let last = executed;
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
export const tapeOf = <T extends Recorded>({ entry }: { readonly entry: Entry<T> | undefined }): Entry<T>[] =>
  entry === undefined ? [] : entriesOf([entry.output]);

let recomputing = false;

/** Whether a forward pass runs a second time, for its tape: what it updates beside its result has been updated before. */
export const isRecomputing = (): boolean => recomputing;

/**
 * The entries in whose place a checkpoint's stands: what ran is run again and recorded, and its result handed on as that
 * of the checkpoint.
 */
export function recomputed<T extends Recorded>({ attributes, output }: Entry<T>): Entry<T>[] {
  const before = recomputing;
  const since = nextEntry();
  recomputing = true;
  try {
    const again = withRecording(true, () => (attributes as Recomputation<T>).recompute());
    const entries = entriesOf([again], since);
    const handedOn = new Entry('reshape', [again], output.shape);
    handedOn.bind(output);
    return [...entries, handedOn];
  } finally {
    recomputing = before;
  }
}

/** The entries of a tape, with those in whose place checkpoints stand. */
export const expanded = <T extends Recorded>(entries: readonly Entry<T>[]): Entry<T>[] =>
  entries.flatMap((entry) => (entry.op === 'checkpoint' ? expanded(recomputed(entry)) : [entry]));

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

/**
 * Runs a function without recording: no gradient flows to or through what it computes. It must not be asynchronous, since
 * recording would go on before it ends.
 *
 * @example
 * const w = parameter(ones([2]));
 * noGrad(() => w.mul(2)).requiresGrad; // false
 */
export function noGrad<R>(body: () => R): R {
  return withRecording(false, () => checkSynchronous('noGrad', body()));
}
