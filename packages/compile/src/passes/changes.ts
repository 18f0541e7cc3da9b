/** Turns a change by a formula into operations on elements, which loops can then compute with others. */

import type { ElementKernels, Shape } from '@tapegrad/kernels';
import { reshapeView } from '@tapegrad/kernels/codegen';
import type { Change, Value } from '../program/program.ts';
import type { GroupStep } from './groups.ts';
import type { Storage } from './storage.ts';

/** Returns the steps of a change, or `undefined` if its arrays don't all fit one shape without copies. */
export function expandChange(change: Change, storage: Storage): readonly GroupStep[] | undefined {
  const arrays = Object.entries(change.arrays);
  const all = [...Object.values(change.arrays), ...Object.values(change.outputs)];
  const shape = all.map((value) => value.shape).find((domain) => all.every((value) => canTake(value, domain, storage)));
  if (shape === undefined) return undefined;
  const steps: GroupStep[] = [];
  const { dtype } = arrays[0]![1];
  const outputs = new Map<Value, Value>();
  const emit = (op: string, ...inputs: readonly Value[]): Value => {
    const output = storage.fresh(shape, dtype);
    steps.push({ op, inputs, output, site: change.site });
    return output;
  };
  const k: ElementKernels<Value> = {
    add: (x, y) => emit('add', x, y),
    sub: (x, y) => emit('sub', x, y),
    mul: (x, y) => emit('mul', x, y),
    div: (x, y) => emit('div', x, y),
    maximum: (x, y) => emit('maximum', x, y),
    sqrt: (x) => emit('sqrt', x),
    abs: (x) => emit('abs', x),
    sign: (x) => emit('sign', x),
  };
  const operands = Object.fromEntries(arrays.map(([name, value]) => [name, storage.reshaped(value, shape)]));
  const results = change.formula(k, operands as never, change.numbers as never) as Readonly<Record<string, Value>>;
  for (const [name, result] of Object.entries(results)) {
    const target = storage.reshaped(change.outputs[name]!, shape);
    // The last step writes its result there, unless the result is an operand or has two names.
    const last = steps.findIndex(({ output }) => output === result);
    if (last >= 0 && !outputs.has(result)) {
      outputs.set(result, target);
      steps[last] = { ...steps[last]!, output: target };
      for (const [i, step] of steps.entries()) {
        steps[i] = { ...step, inputs: step.inputs.map((input) => (input === result ? target : input)) };
      }
    } else steps.push({ op: 'copy', inputs: [outputs.get(result) ?? result], output: target, site: change.site });
  }
  return steps;
}

const canTake = (value: Value, shape: Shape, storage: Storage): boolean =>
  reshapeView(storage.of(value), shape) !== undefined;
