/** JavaScript of a traced function that runs again at each call, to compute the numbers of an update. */

import type { Undo } from '@tapegrad/core/extend';
import { type Tracing, type TracingKernels, tracing, withInterpreter } from '@tapegrad/core/tape';
import { type Data, mapEntries, type NdArray, primitives } from '@tapegrad/kernels';
import type { AnyFormula } from '../program/program.ts';

/** The property in which an optimizer keeps an array of its state. */
export interface StateHolder {
  readonly state: Record<string, Data>;
  readonly name: string;
}

/** A slot, and where its elements are now. */
export interface SlotBinding {
  /** The typed array that holds the elements, as the program around it knows it. */
  elements: Data;
  holder?: StateHolder | undefined;
}

/** An update that was traced: the slots of its arrays, by name, and the positions of its numbers. */
export interface TracedChange {
  readonly kind: 'change';
  readonly formula: AnyFormula;
  readonly names: readonly string[];
  /** The optimizer's own arrays among those of the update. */
  readonly states: ReadonlyMap<string, SlotBinding>;
  /** The index of each number among those of the program. */
  readonly numbers: ReadonlyMap<string, number>;
}

/** A primitive that was traced, with the numbers among its operands. */
interface TracedOperation {
  readonly kind: 'operation';
  readonly op: string;
  readonly attributes: string;
  readonly numbers: ReadonlyMap<number, number>;
  readonly result: NdArray;
}

/** Anything else that a repeated function asked for, and the answer. */
interface TracedAnswer {
  readonly kind: 'answer';
  readonly answer: unknown;
}

export type TracedCall = TracedChange | TracedOperation | TracedAnswer;

/** A function to run again at each call, and what it did when it was traced. */
export interface Repeat {
  readonly body: () => void;
  readonly begin: () => Undo;
  readonly calls: TracedCall[];
}

/** A repeated function did something else than when it was traced. */
export class ChangedProgram extends Error {
  override readonly name = 'ChangedProgram';
}

/** Returns whether an object has exactly these names, in this order. */
function hasNames(object: object, names: readonly string[]): boolean {
  let count = 0;
  for (const name in object) if (name !== names[count++]) return false;
  return count === names.length;
}

/** Plain data as text, to compare it. */
export const textOf = (data: unknown): string => (data === undefined ? '' : JSON.stringify(data));

/** Runs repeated functions again, and collects their numbers. */
export class Repeater implements Tracing {
  readonly kernels: TracingKernels;
  readonly #numbers: number[];
  readonly #arrayOf: Tracing['arrayOf'];
  #calls: readonly TracedCall[] = [];
  #next = 0;
  /** The states of an optimizer that the function in progress has told of. */
  readonly #kept: Record<string, Data>[] = [];

  /**
   * @param numbers receives the numbers.
   * @param arrayOf returns an array for a variable, whose elements aren't read.
   */
  constructor(numbers: number[], arrayOf: Tracing['arrayOf']) {
    this.#numbers = numbers;
    this.#arrayOf = arrayOf;
    this.kernels = {
      ...(mapEntries(
        Object.fromEntries(primitives.map((op) => [op, op])),
        (op) =>
          (...args: readonly unknown[]) =>
            this.#operation(op, args),
      ) as unknown as TracingKernels),
      changeInPlace: (formula, arrays, numbers) =>
        this.#change(
          formula as unknown as AnyFormula,
          arrays as Record<string, Data>,
          numbers as Record<string, number>,
        ),
    };
  }

  /** Runs a function as when it was traced. Throws ChangedProgram if it does something else. */
  run({ body, calls }: Repeat): void {
    this.#calls = calls;
    this.#next = 0;
    this.#kept.length = 0;
    tracing.run(this, () => withInterpreter(this.kernels, body));
    if (this.#next !== calls.length) throw new ChangedProgram();
  }

  #take<K extends TracedCall['kind']>(kind: K): Extract<TracedCall, { kind: K }> {
    const call = this.#calls[this.#next++];
    if (call?.kind !== kind) throw new ChangedProgram();
    return call as Extract<TracedCall, { kind: K }>;
  }

  #operation(op: string, args: readonly unknown[]): NdArray {
    const { numbers, attributes, op: traced, result } = this.#take('operation');
    const inputs = args.flat().filter((arg) => typeof arg === 'object' && arg !== null && 'data' in arg);
    const plain = args.filter(
      (arg) => !(typeof arg === 'object' && arg !== null && ('data' in arg || Array.isArray(arg))),
    );
    if (traced !== op || textOf(plain) !== attributes) throw new ChangedProgram();
    for (const [position, index] of numbers) {
      const { data, offset } = inputs[position] as NdArray;
      this.#numbers[index] = data[offset]!;
    }
    return result;
  }

  #change(formula: AnyFormula, arrays: Record<string, Data>, numbers: Record<string, number>): void {
    const change = this.#take('change');
    if (change.formula !== formula || !hasNames(arrays, change.names)) throw new ChangedProgram();
    for (const [name, slot] of change.states) {
      const elements = arrays[name]!;
      if (slot.elements === elements) continue;
      // The state was loaded, or began anew.
      slot.elements = elements;
      slot.holder = this.#holderOf(elements);
    }
    for (const [name, index] of change.numbers) {
      const number = numbers[name];
      if (number === undefined) throw new ChangedProgram();
      this.#numbers[index] = number;
    }
  }

  arrayOf: Tracing['arrayOf'] = (variable) => this.#arrayOf(variable);

  move(): void {}

  assign(): void {
    this.#take('answer');
  }

  areWithin: Tracing['areWithin'] = () => this.#take('answer').answer as boolean | undefined;

  draw: Tracing['draw'] = () => this.#take('answer').answer as NdArray;

  repeat(body: () => void): void {
    body();
  }

  depend<T>(read: () => T): T {
    return read();
  }

  keep(state: Record<string, Data>): void {
    this.#kept.push(state);
  }

  #holderOf(elements: Data): StateHolder | undefined {
    for (const state of this.#kept) {
      for (const name of Object.keys(state)) if (state[name] === elements) return { state, name };
    }
    return undefined;
  }

  refuse(): never {
    throw new ChangedProgram();
  }
}
