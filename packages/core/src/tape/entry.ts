/** The entries of the tape: which operation ran, on what, in which order, as plain data. */

import type { ArrayLike, NdArray, Primitive, Shape } from '@tapegrad/kernels';

/** What the tape knows of a tensor, whose elements are an array of an interpreter: strided, or of shapes alone. */
export interface Recorded<A extends ArrayLike = NdArray> {
  readonly array: A;
  readonly shape: Shape;
  /** Whether gradients flow to it: it is a parameter, was asked for, or was computed from such a tensor. */
  readonly requiresGrad: boolean;
  /** The primitive that computed it; `undefined` for an input of the program. */
  readonly entry: Entry<Recorded<A>> | undefined;
  /** A name for messages and listings. */
  readonly name: string | undefined;
}

/** What the tape knows of a tensor of any interpreter. */
export type AnyRecorded = Recorded<ArrayLike>;

/** What ran: a primitive, an operation that has a definition of its own, or a function whose tape was not kept. */
export type Op = Primitive | 'custom' | 'checkpoint';

/** An operation that is no primitive; of the tensors of one program, a constant that all its entries share. */
export interface Definition<T extends AnyRecorded = Recorded> {
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
export interface CustomAttributes<T extends AnyRecorded = Recorded> {
  readonly definition: Definition<T>;
  /** The plain data that it took beside its inputs. */
  readonly options: unknown;
}

/** The attributes of an entry whose op is `checkpoint`. */
export interface Recomputation<T extends AnyRecorded = Recorded> {
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
export class Entry<T extends AnyRecorded = Recorded> {
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
export const customOf = <T extends AnyRecorded>({ op, attributes }: Entry<T>): CustomAttributes<T> | undefined =>
  op === 'custom' ? (attributes as CustomAttributes<T>) : undefined;

/** The number that the next entry will get: what runs from now on has this one or a later one. */
export const nextEntry = (): number => executed;
