/** The parameters and buffers of a module as plain data, and the checks made before they are loaded. */

import { describeValue, elementsFrom, formatShape, sameShape } from '@tapegrad/core/extend';
import {
  ArgumentError,
  type Data,
  type DType,
  DTypeError,
  Parameter,
  type Shape,
  ShapeError,
  type Variable,
} from '@tapegrad/core/lean';
import { Module, moduleAccess, type Survey } from './module.ts';
import { join } from './module-parts.ts';

/** The elements of a parameter or buffer as plain data, in row-major order. */
export interface TensorState {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: Data;
}

/** The parameters and buffers of a module as plain data, by path. */
export type ModuleState = Readonly<Record<string, TensorState>>;

/** The options of `load`. */
export interface LoadOptions {
  /** Whether to throw if a path is missing from the state or from the module. Defaults to true. */
  readonly strict?: boolean;
}

/** The paths that a state and a module don't share. */
export interface LoadReport {
  /** The paths of parameters and buffers that are missing from the state. These keep their elements. */
  readonly missing: readonly string[];
  /** The paths in the state that the module lacks. */
  readonly unexpected: readonly string[];
}

type Variables = ReadonlyMap<string, Variable>;

/** Throws an error about a path that the module lacks. */
export function throwUnknown(call: string, path: string, variables: Variables): never {
  const known = [...variables.keys()].join(', ');
  throw new ArgumentError(`${call}: this module has no parameter or buffer '${path}'; it has ${known || 'none'}`);
}

/** Throws unless a tensor, or the saved state of one, has the same shape and dtype as a parameter or buffer. */
export function checkLike(
  call: string,
  path: string,
  { shape, dtype }: Variable,
  got: { readonly shape: Shape; readonly dtype: DType },
): void {
  if (!Array.isArray(got.shape) || !sameShape(got.shape, shape)) {
    const shown = Array.isArray(got.shape) ? formatShape(got.shape) : describeValue(got.shape);
    throw new ShapeError(`${call}: '${path}' has shape ${formatShape(shape)}, got ${shown}`);
  }
  if (got.dtype !== dtype) throw new DTypeError(`${call}: '${path}' is ${dtype}, got ${got.dtype}`);
}

/** Finds a parameter or buffer by any of its paths. */
export function variableAt(survey: Survey, path: string, stepsLeft = path.length): Variable | undefined {
  const direct = survey.byPath.get(path);
  if (direct !== undefined || stepsLeft === 0) return direct;
  for (const [alias, first] of survey.shared) {
    if (!path.startsWith(`${alias}.`)) continue;
    // Shared modules may contain shared modules, and modules may refer to each other in a cycle.
    const found = variableAt(survey, join(first, path.slice(alias.length + 1)), stepsLeft - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** Returns the elements that the state has for a variable, after checking them. `path` is the path in the state. */
function elementsAt(path: string, variable: Variable, state: TensorState): Data {
  if (!isObject(state)) {
    throw new ArgumentError(
      `load: '${path}' is ${describeValue(state)}, expected { shape, dtype, data }, as state() gives it`,
    );
  }
  checkLike('load', path, variable, state);
  return elementsFrom('load', `'${path}'`, variable.dtype, variable.size, state.data);
}

const sameElements = (a: Data, b: Data): boolean => a.every((x: number, i: number) => Object.is(x, b[i]));

/**
 * Checks the elements in a state, and finds the variable for each path.
 *
 * @param variables The variables by their first paths.
 * @param at Finds a variable by any of its paths.
 */
function matchState(
  state: ModuleState,
  options: LoadOptions,
  variables: Variables,
  at: (path: string) => Variable | undefined,
): { readonly elements: ReadonlyMap<Variable, Data>; readonly report: LoadReport } {
  if (!isObject(state) || Array.isArray(state)) {
    throw new ArgumentError(`load: expected a state, as state() gives one, got ${describeValue(state)}`);
  }
  const isStrict = strictness(options);
  const elements = new Map<Variable, Data>();
  const pathOf = new Map<Variable, string>();
  const unexpected: string[] = [];
  for (const [path, own] of Object.entries(state)) {
    const variable = at(path);
    if (variable === undefined) {
      unexpected.push(path);
      continue;
    }
    const data = elementsAt(path, variable, own);
    const before = elements.get(variable);
    if (before !== undefined && !sameElements(before, data)) {
      const other = pathOf.get(variable);
      throw new ArgumentError(
        `load: '${other}' and '${path}' are the same tensor in this module, but differ in the state`,
      );
    }
    elements.set(variable, data);
    pathOf.set(variable, path);
  }
  const missing = [...variables].flatMap(([path, variable]) => (elements.has(variable) ? [] : [path]));
  const [lacked] = missing;
  const [strange] = unexpected;
  if (isStrict && lacked !== undefined) {
    const kind = variables.get(lacked) instanceof Parameter ? 'parameter' : 'buffer';
    const others = missing.length === 1 ? '' : `, nor ${missing.slice(1).join(', ')}`;
    const surplus = unexpected.length === 0 ? '' : `; it has ${unexpected.join(', ')}, which this module lacks`;
    throw new ArgumentError(`load: the state has no ${kind} '${lacked}'${others}${surplus}`);
  }
  if (isStrict && strange !== undefined) throwUnknown('load', strange, variables);
  return { elements, report: { missing, unexpected } };
}

function strictness(options: LoadOptions): boolean {
  if (!isObject(options))
    throw new ArgumentError(`load: expected options as { strict: false }, got ${describeValue(options)}`);
  const unknown = Object.keys(options).find((name) => name !== 'strict');
  if (unknown !== undefined) throw new ArgumentError(`load: unknown option '${unknown}', expected strict`);
  const { strict = true } = options;
  if (typeof strict !== 'boolean')
    throw new ArgumentError(`load: strict is ${describeValue(strict)}, expected true or false`);
  return strict;
}

/** Returns everything that a module contains. `call` is the name of the calling function, used in error messages. */
export function surveyOf(call: string, module: Module): Survey {
  if (module instanceof Module) return moduleAccess.survey(module);
  throw new ArgumentError(`${call}: expected a module, got ${describeValue(module)}`);
}

/**
 * Returns a copy of the parameters and buffers as plain data, by path. A shared parameter or buffer appears once, under
 * its first path. With the main entry point, this function is also a method, `model.state()`.
 *
 * @example
 * Object.keys(moduleState(new Dense(4, 2))); // ['weight', 'bias']
 */
export function moduleState(module: Module): ModuleState {
  const { variables } = surveyOf('moduleState', module);
  const entries = Array.from(variables, ([path, { shape, dtype, data }]) => [
    path,
    { shape: [...shape], dtype, data: data.slice() },
  ]);
  return Object.fromEntries(entries);
}

/**
 * Replaces the elements of the parameters and buffers by those of a state. If the state can't be loaded, nothing
 * changes. With the main entry point, this function is also a method, `model.load(state)`, whose documentation lists
 * the errors.
 *
 * @returns The paths that are missing from the state, and those that the module lacks. Both lists are empty if `strict`
 * is set.
 * @example
 * const trained = new Dense(4, 2);
 * const copy = new Dense(4, 2);
 * loadModule(copy, moduleState(trained)); // { missing: [], unexpected: [] }
 */
export function loadModule(module: Module, state: ModuleState, options: LoadOptions = {}): LoadReport {
  const survey = surveyOf('loadModule', module);
  const { elements, report } = matchState(state, options, survey.variables, (path) => variableAt(survey, path));
  for (const [variable, data] of elements) variable.update((own) => own.set(data));
  return report;
}
