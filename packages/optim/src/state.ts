/** What is remembered of a parameter between steps. */

import {
  ArgumentError,
  type Data,
  type DType,
  DTypeError,
  type Parameter,
  type Shape,
  ShapeError,
} from '@tapegrad/core';
import { describeValue, elementsFrom, formatShape, isDataOf, sameShape } from '@tapegrad/core/extend';
import { checkWhole } from './options.ts';

/** What is remembered of a parameter between steps: typed arrays by name. */
export type State = Readonly<Record<string, Data>>;

/** What is known of one parameter, as plain data. */
export interface ParameterState<S extends State = State> {
  readonly name: string;
  readonly shape: Shape;
  /** How often it was updated since its state began. */
  readonly step: number;
  readonly arrays: S;
}

/** An array of zeros, as long and of the same dtype as the elements of a parameter. */
export const zerosLike = (elements: Data): Data => elements.slice().fill(0);

/** What is known of a parameter, as a copy. */
export const parameterState = <S extends State>(
  { name, shape }: Parameter,
  step: number,
  arrays: S,
): ParameterState<S> => ({
  name,
  shape: [...shape],
  step,
  arrays: Object.fromEntries(Object.entries(arrays).map(([array, data]) => [array, data.slice()])) as S,
});

/**
 * What is remembered from now on, where it is to have the arrays of these names: those that it has stay, the others are made. Where
 * none stays, updates are counted anew.
 */
export function changedState<S extends State>(
  state: State,
  names: readonly string[],
  step: number,
  make: () => S,
): { readonly state: S; readonly step: number } {
  const kept = names.filter((name) => name in state);
  if (kept.length === names.length && kept.length === Object.keys(state).length) return { state: state as S, step };
  const made = make();
  const arrays = names.map((name) => [name, state[name] ?? made[name]]);
  return { state: Object.fromEntries(arrays) as S, step: kept.length === 0 ? 0 : step };
}

/** Throws unless a state has as many of something as are there. */
export function checkCount(call: string, what: string, expected: number, list: readonly unknown[]): void {
  if (Array.isArray(list) && list.length === expected) return;
  const got = Array.isArray(list) ? list.length : describeValue(list);
  throw new ArgumentError(`${call}: expected a state of ${expected} ${what}, got ${got}`);
}

/** Whether two names can be of one parameter: the same, or one a longer path, from a module around the other's. */
const namesAgree = (a: string, b: string): boolean => a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);

/** A copy of what a state remembers; throws unless it is that of a parameter for which arrays like `expected` are kept. */
export function checkedState<S extends State>(
  call: string,
  { name, shape }: Parameter,
  expected: S,
  state: ParameterState,
): S {
  if (typeof state?.name !== 'string' || !namesAgree(state.name, name)) {
    throw new ArgumentError(`${call}: expected the state of '${name}', got that of ${describeValue(state?.name)}`);
  }
  if (!Array.isArray(state.shape) || !sameShape(state.shape, shape)) {
    const got = Array.isArray(state.shape) ? formatShape(state.shape) : describeValue(state.shape);
    throw new ShapeError(`${call}: '${name}' has shape ${formatShape(shape)}, got ${got}`);
  }
  checkWhole(call, `the step of '${name}'`, state.step);
  const [wanted, names] = [Object.keys(expected), Object.keys(state.arrays ?? {})];
  if (names.length !== wanted.length || !wanted.every((key) => names.includes(key))) {
    throw new ArgumentError(`${call}: '${name}' needs [${wanted.join(', ')}], got [${names.join(', ')}]`);
  }
  const arrays = wanted.map((key) => [key, arrayLike(call, `${key} of '${name}'`, expected[key]!, state.arrays[key])]);
  return Object.fromEntries(arrays) as S;
}

/** A copy of an array of a state that is to be like another. */
export function arrayLike<D extends Data>(call: string, what: string, like: D, got: unknown): D {
  const dtype: DType = like instanceof Float64Array ? 'float64' : 'float32';
  // Of another dtype it is the state of another parameter, even where no number would be rounded.
  if (ArrayBuffer.isView(got) && !isDataOf(dtype, got)) {
    const kind = Object.prototype.toString.call(got).slice(8, -1);
    throw new DTypeError(`${call}: ${what} is to be a ${like.constructor.name}, got a ${kind}`);
  }
  return elementsFrom(call, what, dtype, like.length, got) as D;
}
