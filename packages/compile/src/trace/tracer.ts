/** Records what a function computes, by running it on arrays without elements. */

import type { ElementRange, Undo } from '@tapegrad/core/extend';
import { isRecomputing } from '@tapegrad/core/extend';
import type { Variable } from '@tapegrad/core/lean';
import type { TracedVariable, Tracing, TracingKernels } from '@tapegrad/core/tape';
import {
  arity,
  type Data,
  formatShape,
  NdArray,
  type Primitive,
  primitives,
  sameShape,
  storedDType,
} from '@tapegrad/kernels';
import { ProgramBuilder } from '../program/build.ts';
import type { AnyFormula, NamedValues, Slot, Value } from '../program/program.ts';
import { place, TraceError } from './errors.ts';
import { type Repeat, type SlotBinding, type StateHolder, type TracedCall, textOf } from './repeats.ts';
import { TracedArray, TracedMemory } from './traced-array.ts';

/** A variable and its slot. */
export interface VariableBinding extends SlotBinding {
  readonly slot: Slot;
  readonly variable: Variable;
}

/** A typed array of an optimizer, its slot, and where the optimizer keeps it, if that is known. */
export interface StateBinding extends SlotBinding {
  readonly slot: Slot;
  holder: StateHolder | undefined;
}

/** A random array to draw before each call. */
export interface Draw {
  readonly make: () => NdArray;
  /** The array drawn while tracing. */
  readonly first: NdArray;
}

/** A value that decided what was traced. */
export interface Dependency {
  readonly read: () => unknown;
  readonly value: unknown;
}

interface TracedSlot {
  readonly slot: Slot;
  memory: TracedMemory;
}

export class Tracer implements Tracing {
  readonly builder = new ProgramBuilder();
  readonly kernels: TracingKernels;
  readonly variables: VariableBinding[] = [];
  readonly states: StateBinding[] = [];
  /** The slots of the program, in its order. */
  readonly bindings: (VariableBinding | StateBinding)[] = [];
  readonly draws: Draw[] = [];
  readonly repeats: Repeat[] = [];
  readonly dependencies: Dependency[] = [];
  /** The numbers of the program, as they were while tracing. */
  readonly numbers: number[] = [];
  /** The functions that undo what the traced function did, in the order in which it did it. */
  readonly undos: Undo[] = [];
  /** The answers to the questions about elements. */
  readonly answers: boolean[] = [];
  readonly #assumed: readonly boolean[];
  readonly #memories = new WeakMap<Data, TracedMemory>();
  readonly #slots = new Map<TracedVariable, TracedSlot>();
  readonly #stateSlots = new Map<Data, TracedSlot>();
  readonly #constants = new Map<Data, { readonly array: NdArray; readonly value: Value }[]>();
  readonly #drawn = new Map<object, Map<string, NdArray>>();
  readonly #holders = new Map<Data, StateBinding['holder']>();
  /** The repeated function that runs now. */
  #repeat: Repeat | undefined;

  /** @param assumed the answers to the first questions about elements. The others are assumed to be true. */
  constructor(assumed: readonly boolean[]) {
    this.#assumed = assumed;
    const operations = primitives.map((op) => [op, (...args: readonly unknown[]) => this.#operation(op, args)]);
    this.kernels = {
      ...(Object.fromEntries(operations) as TracingKernels),
      changeInPlace: (formula, arrays, numbers) =>
        this.#change(
          formula as unknown as AnyFormula,
          arrays as Record<string, Data>,
          numbers as Record<string, number>,
        ),
    };
  }

  /** Returns an array that represents a value. */
  arrayFor(value: Value): TracedArray {
    return new TracedArray(this.#memory(value));
  }

  #memory(value: Value): TracedMemory {
    return new TracedMemory(this, value, (memory, elements) => this.#memories.set(elements, memory));
  }

  /** Returns the value that an array represents. */
  valueOf(array: NdArray): Value {
    if (array instanceof TracedArray) {
      array.memory.checkOwner(this);
      return array.memory.value;
    }
    const memory = this.#memories.get(array.data);
    if (memory === undefined) return this.#constant(array);
    const { value } = memory;
    return sameShape(value.shape, array.shape) ? value : this.builder.operation('reshape', [value], array.shape);
  }

  #constant(array: NdArray): Value {
    const same = this.#constants.get(array.data) ?? [];
    const known = same.find(({ array: other }) => isSameView(array, other));
    if (known !== undefined) return known.value;
    const value = this.builder.constant(array);
    this.#constants.set(array.data, [...same, { array, value }]);
    return value;
  }

  #note(call: TracedCall): void {
    this.#repeat?.calls.push(call);
  }

  #number(name: string, dtype: Value['dtype'], number: number): { readonly index: number; readonly value: Value } {
    return { index: this.numbers.push(number) - 1, value: this.builder.number(name, dtype, number) };
  }

  #operation(op: Primitive, args: readonly unknown[]): NdArray {
    const count = arity[op];
    const arrays = (count === 'variadic' ? args[0] : args.slice(0, count)) as readonly NdArray[];
    const attributes = count === 'variadic' ? args[1] : args[count];
    const numbers = new Map<number, number>();
    const inputs = arrays.map((array, position) => {
      const isNumber = this.#repeat !== undefined && array instanceof NdArray && array.shape.length === 0;
      if (!isNumber) return this.valueOf(array);
      const { index, value } = this.#number('number', array.dtype, array.data[array.offset]!);
      numbers.set(position, index);
      return value;
    });
    const recomputation = isRecomputing() ? 1 : undefined;
    const output = this.builder.operation(op, inputs, attributes as never, { recomputation });
    const result = this.arrayFor(output);
    const plain = args.filter(
      (arg) => !(typeof arg === 'object' && arg !== null && ('data' in arg || Array.isArray(arg))),
    );
    if (this.#repeat !== undefined) {
      this.#note({ kind: 'operation', op, attributes: textOf(plain), numbers, result });
    }
    return result;
  }

  #change(formula: AnyFormula, arrays: Record<string, Data>, numbers: Record<string, number>): void {
    const states = new Map<string, SlotBinding>();
    const memories: Record<string, TracedMemory> = {};
    const operands: Record<string, Value> = {};
    for (const [name, elements] of Object.entries(arrays)) {
      let memory = this.#memories.get(elements);
      if (memory === undefined) {
        const state = this.#state(name, elements);
        states.set(name, state.binding);
        ({ memory } = state.traced);
      }
      memories[name] = memory;
      operands[name] = memory.value;
    }
    const dtype = Object.values(operands)[0]?.dtype ?? 'float32';
    const indices = new Map<string, number>();
    const values: Record<string, Value> = {};
    for (const [name, number] of Object.entries(numbers)) {
      const { index, value } = this.#number(name, dtype, number);
      indices.set(name, index);
      values[name] = value;
    }
    const outputs: NamedValues = this.builder.change(formula, operands, values);
    for (const [name, output] of Object.entries(outputs)) {
      if (!this.#isSlot(memories[name]!)) {
        throw new TraceError(
          `compile: changeInPlace changes '${name}'${place()}, which is neither a variable nor a state`,
        );
      }
      memories[name]!.value = output;
    }
    this.#note({ kind: 'change', formula, names: Object.keys(arrays), states, numbers: indices });
  }

  #isSlot(memory: TracedMemory): boolean {
    for (const traced of this.#slots.values()) if (traced.memory === memory) return true;
    for (const traced of this.#stateSlots.values()) if (traced.memory === memory) return true;
    return false;
  }

  #state(name: string, elements: Data): { readonly traced: TracedSlot; readonly binding: SlotBinding } {
    const known = this.#stateSlots.get(elements);
    if (known !== undefined) {
      const binding = this.bindings.find(({ slot }) => slot === known.slot)!;
      return { traced: known, binding };
    }
    const dtype = storedDType(elements) ?? 'float32';
    const slot = this.builder.slot('state', name, [elements.length], dtype);
    const traced = { slot, memory: this.#memory(slot.value) };
    this.#stateSlots.set(elements, traced);
    const binding: StateBinding = { slot, elements, holder: this.#holders.get(elements) };
    this.states.push(binding);
    this.bindings.push(binding);
    return { traced, binding };
  }

  #variable(variable: TracedVariable): TracedSlot {
    const known = this.#slots.get(variable);
    if (known !== undefined) return known;
    const own = variable as Variable;
    const { dtype, data } = own.storage;
    const slot = this.builder.slot('variable', own.name, own.shape, dtype);
    const traced = { slot, memory: this.#memory(slot.value) };
    this.#slots.set(variable, traced);
    const binding = { slot, variable: own, elements: data };
    this.variables.push(binding);
    this.bindings.push(binding);
    return traced;
  }

  arrayOf(variable: TracedVariable): NdArray {
    return new TracedArray(this.#variable(variable).memory);
  }

  move(variable: TracedVariable): void {
    const traced = this.#variable(variable);
    traced.memory = this.#memory(traced.memory.value);
  }

  assign(variable: TracedVariable, elements: NdArray): void {
    this.#note({ kind: 'answer', answer: undefined });
    this.#variable(variable).memory.value = this.valueOf(elements);
  }

  areWithin(elements: Data, { low, high, nan = false }: ElementRange): boolean | undefined {
    const memory = this.#memories.get(elements);
    if (memory === undefined) return undefined;
    const answer = this.#assumed[this.answers.length] ?? true;
    this.answers.push(answer);
    this.builder.check(memory.value, { low, high, nan }, answer);
    this.#note({ kind: 'answer', answer });
    return answer;
  }

  draw(call: string, generator: { readonly state: readonly number[] }, make: () => NdArray): NdArray {
    const before = generator.state;
    const first = make();
    const key = `${call} ${before.join()} ${first.dtype} ${first.shape.join()}`;
    const drawn = this.#drawn.get(generator) ?? new Map<string, NdArray>();
    this.#drawn.set(generator, drawn);
    // A checkpoint draws the same numbers again.
    let array = drawn.get(key);
    if (array === undefined) {
      if (drawn.size === 0) {
        this.undos.push(() => {
          (generator as { state: readonly number[] }).state = before;
        });
      }
      array = this.arrayFor(this.builder.draw(call, first.shape, first.dtype));
      drawn.set(key, array);
      this.draws.push({ make, first });
    }
    this.#note({ kind: 'answer', answer: array });
    return array;
  }

  /** The generators that the function draws from. */
  get generators(): readonly { state: readonly number[] }[] {
    return [...this.#drawn.keys()] as { state: readonly number[] }[];
  }

  repeat(body: () => void, begin: () => Undo): void {
    if (this.#repeat !== undefined) {
      body();
      return;
    }
    const repeat: Repeat = { body, begin, calls: [] };
    this.undos.push(begin());
    this.#repeat = repeat;
    try {
      body();
    } finally {
      this.#repeat = undefined;
    }
    this.repeats.push(repeat);
  }

  depend<T>(read: () => T): T {
    const value = read();
    this.dependencies.push({ read, value });
    return value;
  }

  keep(state: Readonly<Record<string, Data>>): void {
    for (const [name, elements] of Object.entries(state)) this.#holders.set(elements, { state, name });
  }

  refuse(call: string, why: string): never {
    throw new TraceError(`compile: the function calls ${call}${place()}, which can't be traced: ${why}`);
  }

  /** Stores the last values of slots at the end of the program. */
  storeSlots(): void {
    for (const { slot, memory } of [...this.#slots.values(), ...this.#stateSlots.values()]) {
      if (!sameShape(memory.value.shape, slot.value.shape)) {
        throw new TraceError(`compile: '${slot.name}' has changed its shape to ${formatShape(memory.value.shape)}`);
      }
      this.builder.store(slot, memory.value);
    }
  }
}

const isSameView = (a: NdArray, b: NdArray): boolean =>
  a.dtype === b.dtype &&
  a.offset === b.offset &&
  sameShape(a.shape, b.shape) &&
  a.stride.every((step, i) => step === b.stride[i]);
