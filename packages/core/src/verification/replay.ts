/** The tape run again, from other values on: a forward pass that knows no rule and no sweep. */

import { ArgumentError, callPrimitive, DTypeError, NdArray, type Primitive } from '@tapegrad/kernels';
import { runCustom } from '../autograd/define.ts';
import { interpreter } from '../engine.ts';
import { TapeError } from '../errors.ts';
import type { CustomAttributes, Entry } from '../tape/entry.ts';
import { tapeOf } from '../tape/reachable.ts';
import { expanded } from '../tape/recomputation.ts';
import { checkUnchanged } from '../tape/sweep.ts';
import { checkTensor, kernels, Tensor } from '../tensor.ts';
import { longStep, places, type Samples, shortening, slopeOf } from './slopes.ts';

/** An entry, as far as it matters to run it again. */
type Runnable = Pick<Entry<Tensor>, 'op' | 'inputs' | 'attributes' | 'output'>;

/** Runs the operation of an entry on other operands. */
type Run<A> = (entry: Runnable, operands: readonly A[]) => A;

/** Runs what is replayed on arrays, and records nothing. */
const runOnArrays: Run<NdArray> = ({ op, attributes }, operands) => {
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

export interface CentralDifferencesOptions {
  /** The elements to differentiate by, by their place in row-major order; all unless given. */
  readonly places?: readonly number[];
}

/**
 * The derivatives of a loss with respect to any tensor that it was computed from, results on the way included, by central
 * differences: an opinion on them that needs no rule and no sweep. The tape is run again from the tensor on, with one
 * element shifted; what the forward pass held constant (`detach`, a comparison, an index) stays as it was.
 *
 * The result has the tensor's shape, is float64, and NaN where the loss has a kink close by, or for the elements left out.
 * Relative errors are about 1e-10.
 *
 * @throws DTypeError for float32, in which differences are too coarse to judge by.
 * @example
 * const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
 * const y = x.mul(x);
 * centralDifferences(y.tanh().sum(), y).toArray(); // [0.419974, 0.001341]
 */
export function centralDifferences<S extends Tensor['shape']>(
  loss: Tensor,
  x: Tensor<S>,
  { places: chosen }: CentralDifferencesOptions = {},
): Tensor<S> {
  for (const operand of [loss, x]) {
    if (checkTensor('centralDifferences', operand).dtype === 'float64') continue;
    throw new DTypeError(`centralDifferences: expected tensors of float64, got ${operand.dtype}`);
  }
  const value = loss.item();
  const entries = dependentsOf(expanded(tapeOf<Tensor>(loss)), x);
  if (entries.length === 0 && (loss as Tensor) !== x) {
    throw new TapeError('centralDifferences: the loss was not computed from the tensor');
  }
  for (const entry of entries) checkUnchanged(entry);
  const slopes = new Float64Array(x.size).fill(Number.NaN);
  for (const place of chosen ?? slopes.keys()) {
    const element = x.data[place];
    if (element === undefined) throw new ArgumentError(`centralDifferences: there is no element ${place} of ${x.size}`);
    const at = (shift: number): number => {
      const data = x.data.slice();
      data[place] = element + shift;
      const values = new Map<Tensor, NdArray>([[x, new NdArray(data, x.dtype, x.shape)]]);
      replay(runOnArrays, entries, values, (input) => input.array);
      const result = values.get(loss)!;
      return result.data[result.offset]!;
    };
    for (const step of [longStep, longStep * shortening]) {
      const h = step * Math.max(1, Math.abs(element));
      const samples = places.map((position) => (position === 0 ? value : at(position * h)));
      slopes[place] = slopeOf(samples as unknown as Samples, h).value;
      if (!Number.isNaN(slopes[place])) break;
    }
  }
  return new Tensor<S>(new NdArray(slopes, 'float64', x.shape));
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
