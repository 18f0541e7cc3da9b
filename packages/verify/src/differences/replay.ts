/** The tape run again, from other values on: a forward pass that knows no rule and no sweep. */

import { Tensor } from '@tapegrad/core';
import { interpreter, kernels } from '@tapegrad/core/extend';
import { type CustomAttributes, type Entry, expanded, runCustom, tapeOf } from '@tapegrad/core/tape';
import { callPrimitive, type NdArray, type Primitive } from '@tapegrad/kernels';

/** An entry, as far as it matters to run it again. */
type Runnable = Pick<Entry<Tensor>, 'op' | 'inputs' | 'attributes' | 'output'>;

/** Runs the operation of an entry on other operands. */
type Run<A> = (entry: Runnable, operands: readonly A[]) => A;

/** Runs what is replayed on arrays, and records nothing. */
export const runOnArrays: Run<NdArray> = ({ op, attributes }, operands) => {
  if (op !== 'custom') return callPrimitive(interpreter(), op as Primitive, operands, attributes);
  const { definition, options } = attributes as CustomAttributes<Tensor>;
  return definition.run(
    operands.map((array) => new Tensor(array)),
    options,
  ).array;
};

/** Runs what is replayed on tensors, and records it. */
export const runOnTensors: Run<Tensor> = ({ op, attributes }, operands) =>
  op === 'custom'
    ? runCustom(attributes as CustomAttributes<Tensor>, operands)
    : callPrimitive(kernels, op as Primitive, operands, attributes);

/**
 * Runs entries again, in their order, and adds what they give to `values`. What is in `values` takes the place of the
 * tensors that it stands for; all else is as it was.
 */
export function replay<A>(
  run: Run<A>,
  entries: readonly Runnable[],
  values: Map<Tensor, A>,
  value: (x: Tensor) => A,
): void {
  for (const entry of entries) {
    const operands = entry.inputs.map((x) => values.get(x) ?? value(x));
    values.set(entry.output, run(entry, operands));
  }
}

/** The entries of a tape that depend on a tensor. */
export function dependentsOf(tape: readonly Entry<Tensor>[], x: Tensor): Entry<Tensor>[] {
  const dependent = new Set([x]);
  return tape.filter(({ inputs, output }) => {
    const depends = inputs.some((input) => dependent.has(input));
    if (depends) dependent.add(output);
    return depends;
  });
}

/**
 * A tape run again in float64: its new tensors by the old ones. `adopt` makes the new tensor of a float32 input, parameter
 * or constant.
 */
export function inFloat64(loss: Tensor, adopt: (x: Tensor) => Tensor): Map<Tensor, Tensor> {
  const values = new Map<Tensor, Tensor>();
  const adopted = (x: Tensor): Tensor => {
    const copy = x.dtype === 'float32' ? adopt(x) : x;
    values.set(x, copy);
    return copy;
  };
  const entries = expanded(tapeOf<Tensor>(loss)).map(({ op, inputs, output, attributes }) => {
    return { op, inputs, output, attributes: op === 'cast' && attributes === 'float32' ? 'float64' : attributes };
  });
  replay(runOnTensors, entries, values, adopted);
  return values;
}
