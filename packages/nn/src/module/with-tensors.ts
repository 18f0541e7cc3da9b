/** Runs a module with other tensors in place of its parameters. */

import { checkSynchronous, checkTensor, describeValue } from '@tapegrad/core/extend';
import { ArgumentError, type Tensor, type Variable } from '@tapegrad/core/lean';
import type { Module } from './module.ts';
import type { Place } from './module-parts.ts';
import { checkLike, surveyOf, throwUnknown, variableAt } from './module-state.ts';

/**
 * Runs a function while tensors replace the parameters and buffers at given paths, in a module and its submodules. With
 * the main entry point, this function is also a method, `model.withTensors(tensors, body)`, whose documentation has the
 * details.
 *
 * @example
 * const layer = new Dense(2, 1);
 * const tensors = { weight: ones([2, 1]), bias: zeros([1]) };
 * withTensors(layer, tensors, () => layer.forward(tensor([[1, 2]])).item()); // 3
 */
export function withTensors<R>(module: Module, tensors: Readonly<Record<string, Tensor>>, body: () => R): R {
  if (typeof body !== 'function') {
    throw new ArgumentError(`withTensors: expected a function to run, got ${describeValue(body)}`);
  }
  const survey = surveyOf('withTensors', module);
  if (typeof tensors !== 'object' || tensors === null) {
    throw new ArgumentError(`withTensors: expected tensors by path, { weight: w }, got ${tensors}`);
  }
  const replacements = new Map<Variable, Tensor>();
  for (const [path, tensor] of Object.entries(tensors)) {
    const variable = variableAt(survey, path) ?? throwUnknown('withTensors', path, survey.variables);
    checkTensor(`withTensors: '${path}'`, tensor);
    checkLike('withTensors', path, variable, tensor);
    if ((replacements.get(variable) ?? tensor) !== tensor) {
      throw new ArgumentError(
        `withTensors: '${path}' is another path of '${variable.name}', which is replaced by a different tensor`,
      );
    }
    replacements.set(variable, tensor);
  }
  const replaced: Place<Variable>[] = [];
  try {
    for (const place of survey.places) {
      const tensor = replacements.get(place.value);
      if (tensor === undefined) continue;
      if (!place.put(tensor)) {
        throw new ArgumentError(`withTensors: '${place.value.name}' can't be replaced: its container is read-only`);
      }
      replaced.push(place);
    }
    return checkSynchronous('withTensors', body());
  } finally {
    for (const place of replaced) place.put(place.value);
  }
}
