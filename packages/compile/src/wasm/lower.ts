/** Makes the loop of a fused group, and the addresses that it is called with. */

import { isFloat, type NdArray, type Shape } from '@tapegrad/kernels';
import { type Group, isTrailing, over } from '../passes/groups.ts';
import type { Storage } from '../passes/storage.ts';
import type { Value } from '../program/program.ts';
import { type Instruction, type Loop, mergedAxes } from './loop.ts';

/** The loop of a group, and the arrays whose addresses it takes. */
export interface LoweredGroup {
  readonly loop: Loop;
  readonly inputs: readonly NdArray[];
  readonly outputs: readonly NdArray[];
}

/** Makes the loop of a group; `isRead` tells which of its values other units read. */
export function lower(group: Group, storage: Storage, isRead: (value: Value) => boolean): LoweredGroup {
  const { domain, steps, run } = group;
  const inputs = [...group.external];
  const numbers = new Map<Value, number>(inputs.map((value, i) => [value, i]));
  const instructions = steps.map(({ op, inputs: operands, attributes, output, reduction }, i): Instruction => {
    numbers.set(output, inputs.length + i);
    const own = { op, inputs: operands.map((value) => numbers.get(value)!) };
    if (reduction === undefined) return attributes === undefined ? own : { ...own, attributes };
    return { ...own, reduction: { kind: reduction.kind, divisor: reduction.divisor } };
  });
  const outputs = [...group.members.keys()].filter(isRead);
  const arrays = [...inputs, ...outputs].map((value) => storage.of(value));
  const { axes, strides } = merge(
    domain,
    arrays.map((array) => over(array, domain)),
    run && [run.from, run.to],
  );
  const accesses = arrays.map(({ dtype }, i) => ({ dtype, strides: strides[i]! }));
  const first = accesses.find(({ dtype }) => isFloat(dtype)) ?? { dtype: group.dtype ?? 'float32' };
  return {
    loop: {
      type: (group.dtype ?? first.dtype) === 'float64' ? 'f64' : 'f32',
      axes,
      along: run === undefined ? 'none' : isTrailing(run, domain) ? 'rows' : 'columns',
      inputs: accesses.slice(0, inputs.length),
      instructions,
      outputs: outputs.map((value, i) => ({ value: numbers.get(value)!, access: accesses[inputs.length + i]! })),
    },
    inputs: arrays.slice(0, inputs.length),
    outputs: arrays.slice(inputs.length),
  };
}

/** Merges axes, but not those of a reduction's run with others. */
function merge(domain: Shape, arrays: readonly NdArray[], run: readonly [from: number, to: number] | undefined) {
  const piece = (from: number, to: number) =>
    mergedAxes(
      domain.slice(from, to),
      arrays.map(({ stride }) => stride.slice(from, to)),
    );
  const single = arrays.map((): number[] => [0]);
  if (run === undefined) {
    const all = piece(0, domain.length);
    return all.axes.length === 0 ? { axes: [1], strides: single } : all;
  }
  const parts = [piece(0, run[0]), piece(run[0], run[1]), piece(run[1], domain.length)];
  return {
    axes: parts.flatMap(({ axes }) => axes),
    strides: arrays.map((_, i) => parts.flatMap(({ strides }) => strides[i]!)),
  };
}
