/** The state of parameters between steps. */

import { describeValue, elementsFrom, formatShape, isDataOf, sameShape } from '@tapegrad/core/extend';
import {
  ArgumentError,
  type Data,
  type DType,
  DTypeError,
  type Parameter,
  type Shape,
  ShapeError,
} from '@tapegrad/core/lean';
import { checkWhole } from './options.ts';

/** The state of a parameter between steps: typed arrays by name. */
export type State = Readonly<Record<string, Data>>;

/** The state of one parameter, as plain data. */
export interface ParameterState<S extends State = State> {
  readonly name: string;
  readonly shape: Shape;
  /** The number of updates since the state began. */
  readonly step: number;
  readonly arrays: S;
}

/** Returns an array of zeros with the length and dtype of a parameter's elements. */
export const zerosLike = (elements: Data): Data => elements.slice().fill(0);

/** Returns a copy of a parameter's state as plain data. */
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
 * Returns a state with arrays of the given names, for changed options. Keeps the arrays that exist, and creates the others.
 * If it keeps none, the count of updates restarts.
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

/** Throws unless a list in a state has the expected length. */
export function checkCount(call: string, what: string, expected: number, list: readonly unknown[]): void {
  if (Array.isArray(list) && list.length === expected) return;
  const got = Array.isArray(list) ? list.length : describeValue(list);
  throw new ArgumentError(`${call}: expected a state of ${expected} ${what}, got ${got}`);
}

/**
 * Returns whether two names can refer to the same parameter: they are equal, or one is a longer path, from an enclosing
 * module.
 */
const namesAgree = (a: string, b: string): boolean => a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);

/** Returns a copy of the arrays in a state. Throws unless it is the state of this parameter, with arrays like `expected`. */
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

/** Returns a copy of an array in a state. Throws unless it has the length and dtype of `like`. */
export function arrayLike<D extends Data>(call: string, what: string, like: D, got: unknown): D {
  const dtype: DType = like instanceof Float64Array ? 'float64' : 'float32';
  // An array of another dtype is from another parameter, even if no number would be rounded.
  if (ArrayBuffer.isView(got) && !isDataOf(dtype, got)) {
    const kind = Object.prototype.toString.call(got).slice(8, -1);
    throw new DTypeError(`${call}: ${what} must be a ${like.constructor.name}, got a ${kind}`);
  }
  return elementsFrom(call, what, dtype, like.length, got) as D;
}
