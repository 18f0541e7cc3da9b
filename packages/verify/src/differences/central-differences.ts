/** Computes central differences with respect to any tensor of a tape, with bounds on their errors. */

import { ones, TapeError, Tensor } from '@tapegrad/core';
import { checkTensor } from '@tapegrad/core/extend';
import { checkUnchanged, type Entry, expanded, tapeOf } from '@tapegrad/core/tape';
import { ArgumentError, DTypeError, NdArray } from '@tapegrad/kernels';
import {
  bestOf,
  type Estimate,
  estimatesOf,
  places,
  type Samples,
  secantFrom,
  stepsFor,
} from './finite-differences.ts';
import { largestOf } from './precision.ts';
import { dependentsOf, replay, runOnArrays } from './replay.ts';
import { termsOf } from './rounding.ts';

/** The relative error below which no other step is tried, as a share of the derivative or of the change of the loss nearby. */
const sharpness = 1e-6;

/** Returns whether the error of an estimate is at most `share` times its size, or times the change of the loss nearby. */
const isWithin = ({ value, error, h }: Estimate, estimates: readonly Estimate[], share: number): boolean =>
  error <= share * Math.max(Math.abs(value), secantFrom(estimates, h));

function isSharp(estimates: readonly Estimate[]): boolean {
  // If the loss doesn't change at the first step, it doesn't at shorter ones.
  return bestOf(estimates).some((estimate) => estimate.secant === 0 || isWithin(estimate, estimates, sharpness));
}

/**
 * Returns the estimate with the least error; undefined if a step at least as long shows a kink that it is too
 * inaccurate to exclude.
 */
function derivativeOf(estimates: readonly Estimate[]): Estimate | undefined {
  const best = bestOf(estimates).reduce<Estimate | undefined>((a, b) => (a && a.error <= b.error ? a : b), undefined);
  if (best === undefined || isWithin(best, estimates, 0.1)) return best;
  const isHidden = estimates.some(
    ({ roughness, h, secant }) => roughness !== undefined && h >= best.h && best.error > secant,
  );
  return isHidden ? undefined : best;
}

/** Derivatives by central differences, with bounds on their errors: NaN and Infinity where no derivative is found. */
export interface Differences {
  readonly derivatives: Float64Array;
  readonly errors: Float64Array;
}

/**
 * Estimates the rounding error of a loss. Returns 0 if a gradient rule throws, since nothing else here depends on those
 * rules.
 */
function noiseOf(loss: Tensor, entries: readonly Entry<Tensor>[]): number {
  try {
    return Number.EPSILON * termsOf(new Map([[loss, ones([], { dtype: 'float64' }).array]]), entries);
  } catch {
    return 0;
  }
}

/** Computes the derivatives of a loss with respect to elements of a tensor, by row-major index. Both tensors are float64. */
export function differencesOf(loss: Tensor, x: Tensor, chosen?: readonly number[]): Differences {
  const value = loss.item();
  const entries = dependentsOf(expanded(tapeOf<Tensor>(loss)), x);
  if (entries.length === 0 && loss !== x) {
    throw new TapeError('centralDifferences: the loss was not computed from the tensor');
  }
  for (const entry of entries) checkUnchanged(entry);
  const noise = noiseOf(loss, entries);
  const [elements, typical] = [x.data, largestOf(x.data)];
  const derivatives = new Float64Array(x.size).fill(Number.NaN);
  const errors = new Float64Array(x.size).fill(Infinity);
  for (const place of chosen ?? derivatives.keys()) {
    const element = elements[place];
    if (element === undefined) throw new ArgumentError(`centralDifferences: there is no element ${place} of ${x.size}`);
    const at = (shift: number): number => {
      const data = elements.slice();
      data[place] = element + shift;
      const values = new Map<Tensor, NdArray>([[x, new NdArray(data, x.dtype, x.shape)]]);
      replay(runOnArrays, entries, values, (input) => input.array);
      const result = values.get(loss)!;
      return result.data[result.offset]!;
    };
    const samplesAt = (h: number): [Samples] => [
      places.map((position) => (position === 0 ? value : at(position * h))) as unknown as Samples,
    ];
    const steps = stepsFor(Math.abs(element), typical);
    const [found] = estimatesOf(steps, samplesAt, [noise], isSharp);
    const best = derivativeOf(found!);
    if (best !== undefined) [derivatives[place], errors[place]] = [best.value, best.error];
  }
  return { derivatives, errors };
}

/** The error bounds of tensors returned by `centralDifferences`. */
const errorsByTensor = new WeakMap<Tensor, Float64Array>();

/**
 * Returns the error bounds of a tensor returned by `centralDifferences`, Infinity where inconclusive; undefined for other
 * tensors.
 */
export const errorsOfDifferences = (x: Tensor): Float64Array | undefined => errorsByTensor.get(x);

/** The options of `centralDifferences`. */
export interface CentralDifferencesOptions {
  /** The elements to differentiate with respect to, by row-major index. Defaults to all. */
  readonly places?: readonly number[];
}

/**
 * Computes the derivatives of a loss with respect to any tensor it was computed from, intermediate results included, by
 * central differences. This independent check uses no gradient rules and no reverse sweep. It replays the tape from the
 * tensor onward with one element shifted. Values the forward pass held constant (`detach`, a comparison, an index) stay
 * unchanged.
 *
 * The result is float64 and has the tensor's shape. It is NaN where the loss has a kink, and for elements that were left
 * out. Steps are proportional to the element, or shorter if the loss has a kink nearby. Relative errors are about 1e-10, and
 * larger where the derivative is small relative to the loss; `compare` takes each element's error into account.
 *
 * @throws DTypeError for float32, whose differences are too coarse for a comparison.
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
  const { derivatives, errors } = differencesOf(loss, x, chosen);
  const differences = new Tensor<S>(new NdArray(derivatives, 'float64', x.shape));
  errorsByTensor.set(differences, errors);
  return differences;
}
