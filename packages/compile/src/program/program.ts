/**
 * A traced program as data: what it computes, not how. Every value is computed once; a change of a variable gives a new
 * value, which is stored in the variable at the end. So steps may be reordered wherever their values allow it.
 */

import type { ElementRange } from '@tapegrad/core/extend';
import type { DType, ElementFormula, NdArray, Primitive, Shape } from '@tapegrad/kernels';

/** A value of a program: an input, a constant, or the result of a step. Values are compared by identity. */
export interface Value {
  /** The number in listings. Values of one program have different numbers. */
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A value that the caller provides at each call. */
export interface Input {
  readonly value: Value;
  /** The name in listings and messages. */
  readonly name: string;
}

/**
 * Memory that outlives a call and that the program may change: the elements of a variable or the state of an optimizer.
 * Its value is what it holds when a call begins.
 */
export interface Slot extends Input {
  readonly kind: 'variable' | 'state';
}

/** A scalar that JavaScript computes before each call, such as a learning rate. It is rounded to the dtype of its value. */
export interface NumberInput extends Input {
  /** The number when the program was traced. */
  readonly traced: number;
}

/** A value that never changes. Its array may be a view, for example a broadcast one. */
export interface Constant {
  readonly value: Value;
  readonly array: NdArray;
}

/** A primitive with its operands and its plain data. The output doesn't share an operand's identity, even if it is a view. */
export interface Operation {
  readonly kind: 'operation';
  readonly op: Primitive;
  readonly inputs: readonly Value[];
  /** The plain data that the primitive takes after its array inputs; `undefined` if it takes none. */
  readonly attributes: unknown;
  readonly output: Value;
  /** The line of the program that it comes from. */
  readonly site?: string | undefined;
  /**
   * The number of the recomputation it belongs to, if a checkpoint runs its function again. Equal operations of different
   * recomputations are not merged, since that would keep the memory that the checkpoint saves.
   */
  readonly recomputation?: number | undefined;
}

/** Values by the names of a formula. */
export type NamedValues = Readonly<Record<string, Value>>;

/** The formula of an update, for any names of arrays and numbers. */
export type AnyFormula = ElementFormula<Record<string, unknown>, Record<string, unknown>>;

/**
 * An update of arrays by a formula for one element, as `changeInPlace` of core makes it. All arrays have the same dtype and
 * number of elements, which are matched in row-major order. Numbers and all intermediate results are rounded to the dtype.
 */
export interface Change {
  readonly kind: 'change';
  readonly formula: AnyFormula;
  readonly arrays: NamedValues;
  /** Scalars of the arrays' dtype. */
  readonly numbers: NamedValues;
  /** The new elements of the arrays that the formula changes, each in the shape of the old ones. */
  readonly outputs: NamedValues;
  readonly site?: string | undefined;
}

/** A range of elements, both ends included, and whether NaN counts as within it. */
export type Range = Required<ElementRange>;

/**
 * An assumption about elements under which the program was traced: that all of them are within a range, or that some are
 * not. If it doesn't hold, the call ends before anything is stored.
 */
export interface Check {
  readonly kind: 'check';
  readonly value: Value;
  readonly range: Range;
  /** The answer to "are all elements within the range?" under which the program holds. */
  readonly expected: boolean;
  readonly site?: string | undefined;
}

/** A step of a program. */
export type Step = Operation | Change | Check;

/** Elements to store in a slot when everything else is done. */
export interface Store {
  readonly slot: Slot;
  /** A value of the slot's shape and dtype. It may be the old value of another slot. */
  readonly value: Value;
}

/** A program: its inputs, its steps in an order in which they can run, and what it stores and returns. */
export interface Program {
  readonly arguments: readonly Input[];
  readonly slots: readonly Slot[];
  /** Random tensors, drawn anew before each call. */
  readonly draws: readonly Input[];
  readonly numbers: readonly NumberInput[];
  readonly constants: readonly Constant[];
  readonly steps: readonly Step[];
  /** At most one for each slot. */
  readonly stores: readonly Store[];
  readonly results: readonly Value[];
}

/** Returns the values that a step reads. */
export function inputsOf(step: Step): readonly Value[] {
  if (step.kind === 'operation') return step.inputs;
  if (step.kind === 'check') return [step.value];
  return [...Object.values(step.arrays), ...Object.values(step.numbers)];
}

/** Returns the values that a step computes. */
export function outputsOf(step: Step): readonly Value[] {
  if (step.kind === 'operation') return [step.output];
  return step.kind === 'check' ? [] : Object.values(step.outputs);
}
