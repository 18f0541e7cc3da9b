/** The entries of the tape: the operations that ran, with their inputs and their order, as plain data. */

import type { ArrayLike, NdArray, Primitive, Shape } from '@tapegrad/kernels';

/** The properties of a tensor that the tape uses. Its array is that of an interpreter: strided, or with a shape only. */
export interface Recorded<A extends ArrayLike = NdArray> {
  readonly array: A;
  readonly shape: Shape;
  /**
   * Whether gradients flow to it: it is a parameter, was marked as requiring a gradient, or was computed from such a
   * tensor.
   */
  readonly requiresGrad: boolean;
  /** The primitive that computed it; `undefined` for an input of the program. */
  readonly entry: Entry<Recorded<A>> | undefined;
  /** A name for messages and listings. */
  readonly name: string | undefined;
}

/** The properties that the tape uses, for a tensor of any interpreter. */
export type AnyRecorded = Recorded<ArrayLike>;

/** The kind of an operation: a primitive, a custom operation, or a function whose tape was not kept. */
export type Op = Primitive | 'custom' | 'checkpoint';

/** A custom operation. All its entries in a program share this one constant. */
export interface Definition<T extends AnyRecorded = Recorded> {
  readonly name: string;
  /** Computes its result from other inputs. */
  run(inputs: readonly T[], options: unknown): T;
  /** Computes the cotangent of each input from that of the result; `null` is 0. */
  cotangents(entry: Entry<T>, g: T): readonly (T | null)[];
  /** Computes the tangent of the result from those of the inputs. */
  tangent(entry: Entry<T>, tangents: readonly T[]): T;
  /** Whether it treats leading axes as batch axes. */
  readonly batched: boolean;
}

/** The attributes of an entry whose op is `custom`. */
export interface CustomAttributes<T extends AnyRecorded = Recorded> {
  readonly definition: Definition<T>;
  /** The plain data that it took besides its inputs. */
  readonly options: unknown;
}

/** The attributes of an entry whose op is `checkpoint`. */
export interface Recomputation<T extends AnyRecorded = Recorded> {
  /** Runs the function again, in the same way. */
  recompute(): T;
}

let executed = 0;

/**
 * An operation that ran.
 *
 * An entry references its inputs, and through them the entries that computed them. Only its output references it. So a
 * forward pass whose results are dropped is garbage, and a result's tape is everything reachable from it.
 */
export class Entry<T extends AnyRecorded = Recorded> {
  /** Position in the order of execution. */
  readonly id: number = executed++;
  readonly op: Op;
  /** Empty once a backward pass has consumed the entry. */
  inputs: readonly T[];
  /** The operation's arguments besides its inputs: plain data, or for `custom` and `checkpoint` their own attributes. */
  attributes: unknown;
  /** Whether a backward pass has consumed it. */
  consumed = false;
  /** The number of the last walk that visited it. */
  walk = 0;
  #output: T | undefined;

  constructor(op: Op, inputs: readonly T[], attributes: unknown) {
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
  }

  /** The name of the operation. */
  get name(): string {
    return customOf(this)?.definition.name ?? this.op;
  }

  get output(): T {
    return this.#output as T;
  }

  /** Sets the output. The recorder calls this once, after creating the output, because the output refers to this entry. */
  bind(output: T): void {
    this.#output = output;
  }

  /** Releases the memory that the entry holds. */
  consume(): void {
    this.consumed = true;
    this.inputs = [];
    if (this.op === 'checkpoint') this.attributes = undefined;
  }
}

/** Returns a custom operation's definition and its options; undefined for other operations. */
export const customOf = <T extends AnyRecorded>({ op, attributes }: Entry<T>): CustomAttributes<T> | undefined =>
  op === 'custom' ? (attributes as CustomAttributes<T>) : undefined;

/** Returns the number of the next entry: later operations get this number or a higher one. */
export const nextEntry = (): number => executed;
