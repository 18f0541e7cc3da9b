/** Replays a tape with other values. This is a forward pass, which uses no gradient rules and no reverse sweep. */

import { Tensor } from '@tapegrad/core';
import { interpreter, kernels } from '@tapegrad/core/extend';
import { type CustomAttributes, type Entry, expanded, runCustom, tapeOf } from '@tapegrad/core/tape';
import { callPrimitive, type NdArray, type Primitive } from '@tapegrad/kernels';

/** The parts of a tape entry needed to run it again. */
type Runnable = Pick<Entry<Tensor>, 'op' | 'inputs' | 'attributes' | 'output'>;

/** Runs the operation of a tape entry on other operands. */
type Run<A> = (entry: Runnable, operands: readonly A[]) => A;

/** Replays an entry on arrays, without recording. */
export const runOnArrays: Run<NdArray> = ({ op, attributes }, operands) => {
  if (op !== 'custom') return callPrimitive(interpreter(), op as Primitive, operands, attributes);
  const { definition, options } = attributes as CustomAttributes<Tensor>;
  return definition.run(
    operands.map((array) => new Tensor(array)),
    options,
  ).array;
};

/** Replays an entry on tensors, and records the operations. */
export const runOnTensors: Run<Tensor> = ({ op, attributes }, operands) =>
  op === 'custom'
    ? runCustom(attributes as CustomAttributes<Tensor>, operands)
    : callPrimitive(kernels, op as Primitive, operands, attributes);

/**
 * Replays entries in order and adds their outputs to `values`. Tensors that are in `values` are replaced by the value
 * there. Other operands keep their recorded values.
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

/** Returns the entries of a tape that depend on a tensor. */
export function dependentsOf(tape: readonly Entry<Tensor>[], x: Tensor): Entry<Tensor>[] {
  const dependent = new Set([x]);
  return tape.filter(({ inputs, output }) => {
    const depends = inputs.some((input) => dependent.has(input));
    if (depends) dependent.add(output);
    return depends;
  });
}

/**
 * Replays a tape in float64 and returns a map from its old tensors to the new ones. `adopt` creates the new tensor for a
 * float32 input, parameter or constant.
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
