/**
 * Traces: runs of a function on tensors without elements, which record what the function computes. A trace replaces the
 * interpreter. The functions in this file are for code that depends on elements, or that must run again each time.
 */

import { type ChangeInPlace, type Data, DynamicScope, type Kernels, type NdArray } from '@tapegrad/kernels';

/** A range of numbers, both ends included. */
export interface ElementRange {
  readonly low: number;
  readonly high: number;
  /** Whether NaN counts as within the range. Defaults to false. */
  readonly nan?: boolean;
}

/** The kernels of a trace: every primitive, and in-place changes of arrays. */
export interface TracingKernels extends Kernels<NdArray> {
  readonly changeInPlace: ChangeInPlace;
}

/** Undoes the effects of a function, except changes of variables. */
export type Undo = () => void;

/** A variable, in the form that a trace needs. */
export interface TracedVariable {
  readonly storage: NdArray;
}

/** A trace in progress. */
export interface Tracing {
  readonly kernels: TracingKernels;
  /** Returns the array that represents the current elements of a variable. */
  arrayOf(variable: TracedVariable): NdArray;
  /** Gives a variable new memory with the same elements, so that views keep the old memory. */
  move(variable: TracedVariable): void;
  /** Replaces the elements of a variable. */
  assign(variable: TracedVariable, elements: NdArray): void;
  /**
   * Returns whether all elements are within a range. Returns `undefined` if the elements are known, since they aren't
   * part of the trace.
   */
  areWithin(elements: Data, range: ElementRange): boolean | undefined;
  /** Draws a random array, now and again before each later run. The state of the generator identifies the draw. */
  draw(call: string, generator: { readonly state: readonly number[] }, make: () => NdArray): NdArray;
  /**
   * Runs a function, now and again before each later run. `begin` is called first, and returns a function that undoes
   * `body`.
   */
  repeat(body: () => void, begin: () => Undo): void;
  /** Reads a value on which the traced operations depend. */
  depend<T>(read: () => T): T;
  /** Records that an object holds typed arrays as state. The trace may later replace them in the object by other arrays. */
  keep(state: Readonly<Record<string, Data>>): void;
  /** Throws the error for a call that needs elements. */
  refuse(call: string, why: string): never;
}

/** The trace in progress, if any. */
export const tracing = new DynamicScope<Tracing | undefined>(undefined);

/** Returns whether a function is being traced. Its tensors then have no elements. */
export const isTracing = (): boolean => tracing.current !== undefined;

/**
 * Returns whether all elements are within a range. A computation can use it to decide whether a fast path applies, and
 * can then still be traced. In a trace, the answer is assumed to be true, and each later run checks it.
 *
 * @param elements The elements of a tensor x, read as `x.elements`.
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

/** Returns whether any element of a bool tensor is true. */
export const isAnyTrue = (elements: Data): boolean => !areWithin(elements, { low: 0, high: 0 });

/**
 * Runs JavaScript code that every run of the surrounding program must repeat, such as counting steps or computing the
 * numbers of an update. A compiled program runs `body` again at each call. `body` must perform the same operations and
 * updates each time, but may use other numbers in them.
 *
 * @param begin Called before `body`. Returns a function that undoes the effects of `body`, except changes of variables.
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
 * Reads a value that decides which operations run, such as the mode of a module. A compiled program reads the value
 * again at each call, and is traced again if the value has changed.
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
 * Tells a trace that the typed arrays in an object are state, which is kept from one run to the next. A compiled
 * program may replace the arrays by others with the same elements.
 *
 * @example
 * const state = { velocity: new Float32Array(3) };
 * keepState(state);
 */
export const keepState = (state: Readonly<Record<string, Data>>): void => tracing.current?.keep(state);

/** In a trace, throws an error for a call that needs elements. */
export function refuseInTrace(call: string, why: string): never {
  const trace = tracing.current;
  if (trace === undefined) throw new TypeError(`${call}: no function is being traced`);
  return trace.refuse(call, why);
}
