/** Drops operations whose results nothing needs. */

import { inputsOf, outputsOf, type Program, type Value } from '../program/program.ts';

/** Returns the program without operations and updates that affect neither a result, a stored value nor a check. */
export function withoutDeadCode(program: Program): Program {
  const needed = new Set<Value>([...program.results, ...program.stores.map(({ value }) => value)]);
  const steps = program.steps.toReversed().filter((step) => {
    const isNeeded = step.kind === 'check' || outputsOf(step).some((output) => needed.has(output));
    if (isNeeded) for (const input of inputsOf(step)) needed.add(input);
    return isNeeded;
  });
  return {
    ...program,
    steps: steps.reverse(),
    constants: program.constants.filter(({ value }) => needed.has(value)),
  };
}
