/** The entries of the tape: the operations that ran, in order, with their inputs, as plain data. */

import type { ArrayLike, NdArray, Primitive, Shape } from '@tapegrad/kernels';

/**
 * The properties of a tensor that the tape uses. The type of the array depends on the interpreter: a strided array, or
 * an abstract one that has only a shape.
 */
export interface Recorded<A extends ArrayLike = NdArray> {
  readonly array: A;
  readonly shape: Shape;
  /**
   * Whether gradients flow to the tensor: it is a parameter, was marked as requiring a gradient, or was computed from
   * such a tensor.
   */
  readonly requiresGrad: boolean;
  /** The entry of the operation that computed the tensor; `undefined` for an input of the program. */
  readonly entry: Entry<Recorded<A>> | undefined;
  /** The name of the tensor for messages and listings. */
  readonly name: string | undefined;
}

/** The properties of a tensor that the tape uses, for any interpreter's array type. */
export type AnyRecorded = Recorded<ArrayLike>;

/** The kind of an operation: a primitive, a custom operation, or a function whose tape was not kept. */
export type Op = Primitive | 'custom' | 'checkpoint';

/** A custom operation. All entries of the operation in a program share this one constant. */
export interface Definition<T extends AnyRecorded = Recorded> {
  readonly name: string;
  /** Runs the operation on other inputs. */
  run(inputs: readonly T[], options: unknown): T;
  /** Computes the cotangent of each input from the cotangent `g` of the result; `null` means 0. */
  cotangents(entry: Entry<T>, g: T): readonly (T | null)[];
  /** Computes the tangent of the result from the tangents of the inputs. */
  tangent(entry: Entry<T>, tangents: readonly T[]): T;
  /** Whether the operation treats leading axes as batch axes. */
  readonly batched: boolean;
}

/** The attributes of an entry whose op is `custom`. */
export interface CustomAttributes<T extends AnyRecorded = Recorded> {
  readonly definition: Definition<T>;
  /** The plain data that the operation received besides its inputs. */
  readonly options: unknown;
}

/** The attributes of an entry whose op is `checkpoint`. */
export interface Recomputation<T extends AnyRecorded = Recorded> {
  /** Runs the checkpointed function again, in the same way. */
  recompute(): T;
}

let executed = 0;

/**
 * An operation that ran.
 *
 * An entry references its inputs, and through them the entries that computed these. Nothing references the entry except
 * its output. So the results of a forward pass can be garbage-collected as soon as the program drops them. The tape of
 * a result consists of all entries reachable from it.
 */
export class Entry<T extends AnyRecorded = Recorded> {
  /** The position of the entry in the order of execution. */
  readonly id: number = executed++;
  readonly op: Op;
  /** The inputs of the operation. Empty once a backward pass has consumed the entry. */
  inputs: readonly T[];
  /**
   * The arguments of the operation besides its inputs: plain data, `CustomAttributes` for `custom`, or a
   * `Recomputation` for `checkpoint`.
   */
  attributes: unknown;
  /** Whether a backward pass has consumed the entry. */
  consumed = false;
  /** The number of the last walk that visited the entry. */
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

  /**
   * Sets the output, which refers to this entry. So the recorder creates the entry first, then the output, and then
   * calls this once.
   */
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

/** Returns the definition and options of a custom operation's entry; undefined for other entries. */
export const customOf = <T extends AnyRecorded>({ op, attributes }: Entry<T>): CustomAttributes<T> | undefined =>
  op === 'custom' ? (attributes as CustomAttributes<T>) : undefined;

/** Returns the number that the next entry will get. Every later entry has this number or a higher one. */
export const nextEntry = (): number => executed;
