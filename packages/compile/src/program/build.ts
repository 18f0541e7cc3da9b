/** Builds programs, and checks each step. */

import {
  ArgumentError,
  type AttributesOf,
  abstract,
  arity,
  callPrimitive,
  type DType,
  formatShape,
  isFloat,
  type NdArray,
  type Primitive,
  type Shape,
  sameShape,
  sizeOf,
} from '@tapegrad/kernels';
import type {
  AnyFormula,
  Constant,
  Input,
  NamedValues,
  NumberInput,
  Operation,
  Program,
  Range,
  Slot,
  Step,
  Store,
  Value,
} from './program.ts';

/** The optional parts of an operation. */
export type OperationDetails = Pick<Operation, 'site' | 'recomputation'>;

/**
 * Builds a program step by step. It infers the shapes and dtypes of results, and throws as the primitives do if operands
 * don't fit.
 */
export class ProgramBuilder {
  readonly #arguments: Input[] = [];
  readonly #slots: Slot[] = [];
  readonly #draws: Input[] = [];
  readonly #numbers: NumberInput[] = [];
  readonly #constants: Constant[] = [];
  readonly #steps: Step[] = [];
  readonly #stores = new Map<Slot, Store>();
  readonly #own = new Set<Value>();
  #next = 0;

  #value(shape: Shape, dtype: DType): Value {
    const value = { id: this.#next++, shape: [...shape], dtype };
    this.#own.add(value);
    return value;
  }

  #check(call: string, value: Value): Value {
    if (this.#own.has(value)) return value;
    throw new ArgumentError(`${call}: expected a value of this program, got %${value.id} of another`);
  }

  /** Adds an argument, given at each call. */
  argument(name: string, shape: Shape, dtype: DType): Value {
    const value = this.#value(shape, dtype);
    this.#arguments.push({ name, value });
    return value;
  }

  /** Adds memory that outlives a call. */
  slot(kind: Slot['kind'], name: string, shape: Shape, dtype: DType): Slot {
    const slot = { kind, name, value: this.#value(shape, dtype) };
    this.#slots.push(slot);
    return slot;
  }

  /** Adds a random tensor, drawn before each call. */
  draw(name: string, shape: Shape, dtype: DType): Value {
    const value = this.#value(shape, dtype);
    this.#draws.push({ name, value });
    return value;
  }

  /** Adds a scalar that JavaScript computes before each call. */
  number(name: string, dtype: DType, traced: number): Value {
    const value = this.#value([], dtype);
    this.#numbers.push({ name, value, traced });
    return value;
  }

  /** Adds a constant. The elements of the array must not change. */
  constant(array: NdArray): Value {
    const value = this.#value(array.shape, array.dtype);
    this.#constants.push({ value, array });
    return value;
  }

  /** Adds a primitive, and returns its result. */
  operation<P extends Primitive>(
    op: P,
    inputs: readonly Value[],
    attributes?: AttributesOf<P>,
    details: OperationDetails = {},
  ): Value {
    const expected = arity[op];
    if (expected !== 'variadic' && inputs.length !== expected) {
      throw new ArgumentError(`${op}: expected ${expected} operands, got ${inputs.length}`);
    }
    for (const input of inputs) this.#check(op, input);
    const { shape, dtype } = callPrimitive(abstract, op, inputs, attributes);
    const output = this.#value(shape, dtype);
    this.#steps.push({ kind: 'operation', op, inputs: [...inputs], attributes, output, ...details });
    return output;
  }

  /** Adds an update by a formula. Returns the new values of the arrays that the formula changes. */
  change(formula: AnyFormula, arrays: NamedValues, numbers: NamedValues, site?: string): NamedValues {
    const [first] = Object.values(arrays);
    if (first === undefined || !isFloat(first.dtype)) {
      const got = first === undefined ? 'none' : first.dtype;
      throw new ArgumentError(`changeInPlace: expected arrays of floats, got ${got}`);
    }
    for (const [name, value] of Object.entries(arrays)) {
      this.#check('changeInPlace', value);
      if (value.dtype === first.dtype && sizeOf(value.shape) === sizeOf(first.shape)) continue;
      const got = `${described(first)} and ${name} of ${described(value)}`;
      throw new ArgumentError(`changeInPlace: expected arrays that are alike, got ${got}`);
    }
    for (const [name, value] of Object.entries(numbers)) {
      this.#check('changeInPlace', value);
      if (value.shape.length === 0 && value.dtype === first.dtype) continue;
      throw new ArgumentError(`changeInPlace: expected a ${first.dtype} number ${name}, got ${described(value)}`);
    }
    const outputs: Record<string, Value> = {};
    for (const name of changedBy(formula, arrays, numbers)) {
      const array = arrays[name];
      if (array === undefined) throw new ArgumentError(`changeInPlace: the formula changes '${name}', which is absent`);
      outputs[name] = this.#value(array.shape, array.dtype);
    }
    this.#steps.push({ kind: 'change', formula, arrays: { ...arrays }, numbers: { ...numbers }, outputs, site });
    return outputs;
  }

  /** Adds an assumption: whether all elements of a value are within a range. */
  check(value: Value, range: Range, expected: boolean, site?: string): void {
    this.#check('check', value);
    this.#steps.push({ kind: 'check', value, range, expected, site });
  }

  /** Stores a value in a slot at the end of a call. A later store replaces an earlier one. */
  store(slot: Slot, value: Value): void {
    this.#check('store', value);
    if (!sameShape(slot.value.shape, value.shape) || slot.value.dtype !== value.dtype) {
      throw new ArgumentError(`store: '${slot.name}' is ${described(slot.value)}, got ${described(value)}`);
    }
    if (value === slot.value) this.#stores.delete(slot);
    else this.#stores.set(slot, { slot, value });
  }

  /** Returns the program, with its results. */
  finish(results: readonly Value[]): Program {
    return {
      arguments: [...this.#arguments],
      slots: [...this.#slots],
      draws: [...this.#draws],
      numbers: [...this.#numbers],
      constants: [...this.#constants],
      steps: [...this.#steps],
      stores: [...this.#stores.values()],
      results: results.map((value) => this.#check('finish', value)),
    };
  }
}

const described = ({ dtype, shape }: Value): string => `${dtype} ${formatShape(shape)}`;

/** Returns the names of the arrays that a formula changes, found by running it on shapes. */
function changedBy(formula: AnyFormula, arrays: NamedValues, numbers: NamedValues): string[] {
  const flat: Record<string, unknown> = {};
  for (const [name, { shape, dtype }] of Object.entries(arrays)) flat[name] = { shape: [sizeOf(shape)], dtype };
  return Object.keys(formula(abstract, flat as never, numbers as never));
}
