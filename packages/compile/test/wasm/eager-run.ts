/** Runs a program with an interpreter, one step after another: what compiled programs are compared with. */

import {
  assign,
  callPrimitive,
  changeByPrimitives,
  contiguous,
  type Data,
  empty,
  type Kernels,
  NdArray,
} from '@tapegrad/kernels';
import type { CallInputs } from '../../src/program/engine.ts';
import type { Program, Value } from '../../src/program/program.ts';

const copyOf = (x: NdArray): NdArray => assign(empty(x.shape, x.dtype), x);

/** Returns the results of a program, after storing what it stores in the slots. */
export function runEagerly(
  program: Program,
  kernels: Kernels<NdArray>,
  slots: readonly Data[],
  { arguments: given, draws, numbers }: CallInputs,
): readonly NdArray[] {
  const values = new Map<Value, NdArray>();
  for (const [i, { value }] of program.arguments.entries()) values.set(value, given[i]!);
  for (const [i, { value }] of program.draws.entries()) values.set(value, draws[i]!);
  program.numbers.forEach(({ value }, i) => {
    const array = empty([], value.dtype);
    array.data[0] = numbers[i]!;
    values.set(value, array);
  });
  for (const [i, { value }] of program.slots.entries())
    values.set(value, new NdArray(slots[i]!.slice(), value.dtype, value.shape));
  for (const { value, array } of program.constants) values.set(value, array);
  const of = (value: Value): NdArray => values.get(value)!;
  for (const step of program.steps) {
    if (step.kind === 'operation') {
      values.set(step.output, callPrimitive(kernels, step.op, step.inputs.map(of), step.attributes));
    } else if (step.kind === 'change') {
      const copies = Object.entries(step.arrays).map(([name, value]) => [name, copyOf(of(value)).data] as const);
      const arrays = Object.fromEntries(copies);
      const numbersOf = Object.entries(step.numbers).map(
        ([name, value]) => [name, contiguous(of(value)).data[0]!] as const,
      );
      changeByPrimitives(kernels)(step.formula, arrays, Object.fromEntries(numbersOf));
      for (const [name, value] of Object.entries(step.outputs)) {
        values.set(value, new NdArray(arrays[name]!, value.dtype, value.shape));
      }
    }
  }
  const stored = program.stores.map(
    ({ slot, value }) => [program.slots.indexOf(slot), copyOf(of(value)).data] as const,
  );
  for (const [i, data] of stored) slots[i]!.set(data);
  return program.results.map((value) => copyOf(of(value)));
}
