/** What is remembered of a parameter between steps. */

import {
  ArgumentError,
  type Data,
  DTypeError,
  formatShape,
  type Parameter,
  type Shape,
  ShapeError,
  sameShape,
} from '@tapegrad/core';
import { checkWhole } from './options.ts';

/** What is remembered of a parameter between steps: typed arrays by name. */
export type Memory = Readonly<Record<string, Data>>;

/** What is known of one parameter, as plain data. */
export interface ParameterState<M extends Memory = Memory> {
  readonly name: string;
  readonly shape: Shape;
  /** How often it was updated. */
  readonly step: number;
  readonly memory: M;
}

/** An array of zeros, as long and of the same dtype as the elements of a parameter. */
export const zerosLike = (elements: Data): Data => elements.slice().fill(0);

/** A copy that shares no array. */
export const copyOf = <M extends Memory>(memory: M): M =>
  Object.fromEntries(Object.entries(memory).map(([name, data]) => [name, data.slice()])) as M;

/** What is known of a parameter, as a copy. */
export const parameterState = <M extends Memory>(
  { name, shape }: Parameter,
  step: number,
  memory: M,
): ParameterState<M> => ({ name, shape: [...shape], step, memory: copyOf(memory) });

/** Throws unless a state has as many of something as are there. */
export function checkCount(call: string, what: string, expected: number, got: number): void {
  if (got !== expected) throw new ArgumentError(`${call}: expected a state of ${expected} ${what}, got ${got}`);
}

/** Whether two names can be of one parameter: the same, or one a longer path, from a module around the other's. */
const namesAgree = (a: string, b: string): boolean => a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);

/** Throws unless a state is that of a parameter for which arrays like those of `expected` are remembered. */
export function checkParameterState(
  call: string,
  { name, shape }: Parameter,
  expected: Memory,
  state: ParameterState,
): void {
  if (!namesAgree(state.name, name)) {
    throw new ArgumentError(`${call}: expected the state of '${name}', got that of '${state.name}'`);
  }
  if (!sameShape(state.shape, shape)) {
    throw new ShapeError(`${call}: '${name}' has shape ${formatShape(shape)}, got ${formatShape(state.shape)}`);
  }
  checkWhole(call, `the step of '${name}'`, state.step);
  const [wanted, names] = [Object.keys(expected), Object.keys(state.memory)];
  if (names.length !== wanted.length || !wanted.every((key) => key in state.memory)) {
    throw new ArgumentError(`${call}: '${name}' needs [${wanted.join(', ')}], got [${names.join(', ')}]`);
  }
  for (const [key, array] of Object.entries(state.memory))
    checkArray(call, `${key} of '${name}'`, expected[key]!, array);
}

function checkArray(call: string, what: string, expected: Data, got: Data): void {
  if (got.constructor !== expected.constructor) {
    const kinds = [expected, got].map((array) => array.constructor.name);
    throw new DTypeError(`${call}: ${what} is to be a ${kinds[0]}, got a ${kinds[1]}`);
  }
  if (got.length !== expected.length) {
    throw new ShapeError(`${call}: ${what} has ${expected.length} elements, got ${got.length}`);
  }
}
