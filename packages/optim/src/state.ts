/** The state that optimizers keep for parameters between steps. */

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

/** The state of a single parameter, as plain data. */
export interface ParameterState<S extends State = State> {
  readonly name: string;
  readonly shape: Shape;
  /** The number of updates since the state was created. */
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
 * Returns the state for changed options, with arrays of the given names. Keeps arrays that exist, and creates the
 * others. If no array is kept, the count of updates restarts.
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
 * Returns whether two names can refer to the same parameter. They must be equal, or one must be a longer path that ends
 * with the other, since an enclosing module extends paths.
 */
const namesAgree = (a: string, b: string): boolean => a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);

/**
 * Returns a copy of the arrays in a saved state. Throws unless the state belongs to the given parameter, and its arrays
 * have the same names, lengths and dtypes as those in `expected`.
 */
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

/** Returns a copy of an array in a saved state. Throws unless it has the same length and dtype as `like`. */
export function arrayLike<D extends Data>(call: string, what: string, like: D, got: unknown): D {
  const dtype: DType = like instanceof Float64Array ? 'float64' : 'float32';
  // An array of another dtype must belong to another parameter, even if every number could be represented.
  if (ArrayBuffer.isView(got) && !isDataOf(dtype, got)) {
    const kind = Object.prototype.toString.call(got).slice(8, -1);
    throw new DTypeError(`${call}: ${what} must be a ${like.constructor.name}, got a ${kind}`);
  }
  return elementsFrom(call, what, dtype, like.length, got) as D;
}
