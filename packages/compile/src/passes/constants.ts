/** Computes what depends only on constants once, before the first call. */

import { assign, callPrimitive, empty, type Kernels, type NdArray, sizeOf } from '@tapegrad/kernels';
import type { Constant, Program, Step, Value } from '../program/program.ts';

/** The number of elements up to which a result is kept. A larger one is computed at each call, to save memory. */
const MAX_ELEMENTS = 1 << 16;

/** Returns an array with its own memory, since the memory of a result may be used again. */
const kept = (x: NdArray): NdArray => assign(empty(x.shape, x.dtype), x);

/** Returns the program with operations on constants replaced by their results, which the given kernels compute. */
export function withFoldedConstants(program: Program, kernels: Kernels<NdArray>): Program {
  const arrays = new Map<Value, NdArray>(program.constants.map(({ value, array }) => [value, array]));
  const folded: Constant[] = [];
  const steps = program.steps.filter((step: Step) => {
    if (step.kind !== 'operation' || sizeOf(step.output.shape) > MAX_ELEMENTS) return true;
    const inputs = step.inputs.map((input) => arrays.get(input));
    if (inputs.includes(undefined)) return true;
    const array = kept(callPrimitive(kernels, step.op, inputs as NdArray[], step.attributes));
    arrays.set(step.output, array);
    folded.push({ value: step.output, array });
    return false;
  });
  return { ...program, steps, constants: [...program.constants, ...folded] };
}
