/** Every operator on a parameter that changed: its gradient is the one from before or an error, but never a wrong number. */

import { Parameter, TapeError } from '@tapegrad/core';
import { isFloat } from '@tapegrad/core/extend';
import { expect, test } from 'vitest';
import { cotangent, type OperatorCase, operatorCases } from '../operators/operators.ts';

/** Returns the gradients of an operator whose inputs are parameters. Input `changed` is overwritten before the sweep. */
function gradientsOf({ inputs, run }: OperatorCase, changed?: number): (number[] | undefined)[] {
  const given = inputs().map((x) => (isFloat(x.dtype) ? new Parameter(x) : x));
  const y = run(...given);
  const spoilt = changed === undefined ? undefined : given[changed];
  if (spoilt instanceof Parameter) spoilt.update((elements) => elements.fill(Number.NaN));
  const gradients = y.backward({ seed: cotangent(y.shape) });
  return given.map((x) => (gradients.has(x) ? [...gradients.of(x).data] : undefined));
}

/** Returns the gradients with an overwritten input, or nothing if the sweep throws. */
function gradientsIfAny(operator: OperatorCase, changed: number): (number[] | undefined)[] | undefined {
  try {
    return gradientsOf(operator, changed);
  } catch (error) {
    if (error instanceof TapeError && error.message.includes('changed after the forward pass')) return undefined;
    throw error;
  }
}

const differentiable = operatorCases.filter(({ constant }) => !constant);

test.each(differentiable.map((operator) => [operator.name, operator] as const))('%s', (_, operator) => {
  const expected = gradientsOf(operator);
  operator.inputs().forEach((_, changed) => {
    expect(gradientsIfAny(operator, changed) ?? expected).toEqual(expected);
  });
});
