/** Replaces values of a program by others that are equal. */

import type { NamedValues, Program, Step, Value } from '../program/program.ts';

/** Returns the value to use in place of another. */
export type Replacement = (value: Value) => Value;

const replacedNames = (values: NamedValues, by: Replacement): NamedValues =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, by(value)]));

/** Returns a step with other operands. */
export function stepWith(step: Step, by: Replacement): Step {
  if (step.kind === 'operation') return { ...step, inputs: step.inputs.map(by) };
  if (step.kind === 'check') return { ...step, value: by(step.value) };
  return { ...step, arrays: replacedNames(step.arrays, by), numbers: replacedNames(step.numbers, by) };
}

/** Returns a program with other steps, whose results and stored values are replaced, too. */
export const programWith = (program: Program, steps: readonly Step[], by: Replacement): Program => ({
  ...program,
  steps,
  stores: program.stores.map(({ slot, value }) => ({ slot, value: by(value) })),
  results: program.results.map(by),
});
