/** The state of an optimizer as plain data, and the checks made before it is loaded. */

import { type Optimizer, optimizerAccess } from './optimizer.ts';
import { checkState, type OptimizerOptions } from './options.ts';
import { checkCount, checkedState, type ParameterState, parameterState, type State } from './state.ts';

/** The state of an optimizer as plain data. */
export interface OptimizerState<Options extends OptimizerOptions = OptimizerOptions, S extends State = State> {
  /** The options of each group. */
  readonly groups: readonly Required<Options>[];
  /** The state of each parameter, listed group by group. */
  readonly parameters: readonly ParameterState<S>[];
}

/**
 * Returns a copy of an optimizer's state as plain data. Together with the parameters, it contains everything needed to
 * resume training. With the main entry point, this function is also a method, `optimizer.state()`.
 *
 * @example
 * const w = parameter(tensor([1, 2]));
 * optimizerState(new SGD([w], { learningRate: 0.1 })).groups.length; // 1
 */
export const optimizerState = <Options extends OptimizerOptions, S extends State>(
  optimizer: Optimizer<Options, S>,
): OptimizerState<Options, S> => {
  const groups = optimizerAccess.groups(optimizer);
  return {
    groups: groups.map(({ options }) => ({ ...options })),
    parameters: groups.flatMap(({ entries }) =>
      entries.map(({ parameter, step, state }) => parameterState(parameter, step, state)),
    ),
  };
};

/**
 * Resumes from a saved state of an optimizer with the same parameters in the same groups, and adopts the saved options.
 * If the state can't be loaded, nothing changes. With the main entry point, this function is also a method,
 * `optimizer.load(state)`.
 *
 * @throws ArgumentError, ShapeError or DTypeError if the state does not match the optimizer.
 * @example
 * const w = parameter(tensor([1, 2]));
 * const optimizer = new SGD([w], { learningRate: 0.1 });
 * loadOptimizer(new SGD([w], { learningRate: 1 }), optimizerState(optimizer));
 */
export function loadOptimizer<Options extends OptimizerOptions, S extends State>(
  optimizer: Optimizer<Options, S>,
  state: OptimizerState<Options>,
): void {
  const call = `${optimizer.constructor.name}.load`;
  const groups = optimizerAccess.groups(optimizer);
  checkState(call, state);
  checkCount(call, 'groups', groups.length, state.groups);
  checkCount(call, 'parameters', groups.flatMap(({ entries }) => entries).length, state.parameters);
  let place = 0;
  const loaded = groups.map(({ entries }, i) => {
    const options = state.groups[i]!;
    optimizerAccess.checkOptions(optimizer, call, options);
    const parameters = entries.map(({ parameter }) => {
      const own = state.parameters[place++]!;
      const arrays = checkedState(call, parameter, optimizerAccess.initState(optimizer, parameter, options), own);
      return { state: arrays, step: own.step };
    });
    return { options: Object.freeze({ ...options }), parameters };
  });

  groups.forEach((group, i) => {
    const { options, parameters } = loaded[i]!;
    group.options = options;
    group.entries.forEach((entry, j) => {
      Object.assign(entry, parameters[j]);
    });
  });
}
