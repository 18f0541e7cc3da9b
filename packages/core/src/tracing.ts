/**
 * Traces: functions that run on tensors without elements, to record what they compute. A trace replaces the interpreter;
 * this file is the seam for everything else that depends on elements or on time.
 */

import { type ChangeInPlace, type Data, DynamicScope, type Kernels, type NdArray } from '@tapegrad/kernels';

/** A range of numbers, both ends included. */
export interface ElementRange {
  readonly low: number;
  readonly high: number;
  /** Whether NaN counts as within. Defaults to false. */
  readonly nan?: boolean;
}

/** The kernels of a trace: every primitive, and changes of arrays in place. */
export interface TracingKernels extends Kernels<NdArray> {
  readonly changeInPlace: ChangeInPlace;
}

/** Undoes what a function did, apart from changes of variables. */
export type Undo = () => void;

/** A variable, as a trace knows it. */
export interface TracedVariable {
  readonly storage: NdArray;
}

/** A running trace. */
export interface Tracing {
  readonly kernels: TracingKernels;
  /** Returns the array that represents the current elements of a variable. */
  arrayOf(variable: TracedVariable): NdArray;
  /** Gives a variable new memory with the same elements, so that views keep the old memory. */
  move(variable: TracedVariable): void;
  /** Replaces the elements of a variable. */
  assign(variable: TracedVariable, elements: NdArray): void;
  /** Answers whether all elements are within a range; `undefined` if they are known, and not part of the trace. */
  areWithin(elements: Data, range: ElementRange): boolean | undefined;
  /** Draws a random array now and before each later run. The state of the generator identifies what is drawn. */
  draw(call: string, generator: { readonly state: readonly number[] }, make: () => NdArray): NdArray;
  /** Runs a function now and before each later run. `begin` is called first, and returns how to undo the function. */
  repeat(body: () => void, begin: () => Undo): void;
  /** Reads a value that decides what is traced. */
  depend<T>(read: () => T): T;
  /** Notes that typed arrays are found in an object, by name, in which they may be replaced by others. */
  keep(state: Readonly<Record<string, Data>>): void;
  /** Throws the error for a call that needs elements. */
  refuse(call: string, why: string): never;
}

/** The running trace, if any. */
export const tracing = new DynamicScope<Tracing | undefined>(undefined);

/** Returns whether a function is being traced, so that its tensors have no elements. */
export const isTracing = (): boolean => tracing.current !== undefined;

/**
 * Answers whether all elements are within a range. Computations with a fast path that nearly always applies ask this way,
 * so that they can be traced: the answer is assumed to be true, and checked at each run.
 *
 * @param elements those of a tensor, as `x.elements`.
 * @example
 * areWithin(tensor([1, 2]).elements, { low: 0, high: 3 }); // true
 */
export function areWithin(elements: Data, range: ElementRange): boolean {
  const known = tracing.current?.areWithin(elements, range);
  if (known !== undefined) return known;
  const { low, high, nan = false } = range;
  for (let i = 0; i < elements.length; i++) {
    const x = elements[i]!;
    if (!(x >= low && x <= high) && !(nan && Number.isNaN(x))) return false;
  }
  return true;
}

/** The range of finite numbers. */
export const finiteRange: ElementRange = { low: -Number.MAX_VALUE, high: Number.MAX_VALUE };

/** Returns whether a tensor of bool has an element that is true. */
export const isAnyTrue = (elements: Data): boolean => !areWithin(elements, { low: 0, high: 0 });

/**
 * Runs JavaScript that belongs to every run of the program around it, such as counting steps and computing the numbers of
 * an update. A compiled program runs it again at each call. It must make the same operations and updates each time, but
 * may make them with other numbers.
 *
 * @param begin is called before `body`, and returns a function that undoes `body` apart from changes of variables.
 * @example
 * let count = 0;
 * everyRun(
 *   () => void count++,
 *   () => {
 *     const before = count;
 *     return () => void (count = before);
 *   },
 * );
 * count; // 1
 */
export function everyRun(body: () => void, begin: () => Undo): void {
  const trace = tracing.current;
  if (trace === undefined) body();
  else trace.repeat(body, begin);
}

/**
 * Reads a value that decides which operations run, such as the mode of a module. A compiled program reads it again at each
 * call, and is traced anew if it has changed.
 *
 * @example
 * const model = { training: true };
 * dependOn(() => model.training); // true
 */
export const dependOn = <T>(read: () => T): T => {
  const trace = tracing.current;
  return trace === undefined ? read() : trace.depend(read);
};

/**
 * Tells a trace that the typed arrays in an object are state that lasts from run to run. A compiled program may replace
 * them by others with the same elements.
 *
 * @example
 * const state = { velocity: new Float32Array(3) };
 * keepState(state);
 */
export const keepState = (state: Readonly<Record<string, Data>>): void => tracing.current?.keep(state);

/** Throws, in a trace, the error for a call that needs elements. */
export function refuseInTrace(call: string, why: string): never {
  const trace = tracing.current;
  if (trace === undefined) throw new TypeError(`${call}: no function is being traced`);
  return trace.refuse(call, why);
}
