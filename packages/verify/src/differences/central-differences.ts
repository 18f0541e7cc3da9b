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

/**
 * The relative error below which no other step is tried. It is a fraction of the derivative, or of the loss's rate of
 * change nearby.
 */
const sharpness = 1e-6;

/**
 * Returns whether the error of an estimate is at most `share` times the derivative, or at most `share` times the rate
 * at which the loss changes nearby.
 */
const isWithin = ({ value, error, h }: Estimate, estimates: readonly Estimate[], share: number): boolean =>
  error <= share * Math.max(Math.abs(value), secantFrom(estimates, h));

function isSharp(estimates: readonly Estimate[]): boolean {
  // If the loss doesn't change at the first step, it doesn't change at shorter steps.
  return bestOf(estimates).some((estimate) => estimate.secant === 0 || isWithin(estimate, estimates, sharpness));
}

/**
 * Returns the estimate with the least error. Returns undefined if a step of at least the same length shows a kink, and
 * the estimate is too inaccurate to rule the kink out.
 */
function derivativeOf(estimates: readonly Estimate[]): Estimate | undefined {
  const best = bestOf(estimates).reduce<Estimate | undefined>((a, b) => (a && a.error <= b.error ? a : b), undefined);
  if (best === undefined || isWithin(best, estimates, 0.1)) return best;
  const isHidden = estimates.some(
    ({ roughness, h, secant }) => roughness !== undefined && h >= best.h && best.error > secant,
  );
  return isHidden ? undefined : best;
}

/**
 * Derivatives computed by central differences, with bounds on their errors. Where no derivative is found, the
 * derivative is NaN and the bound is Infinity.
 */
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

/**
 * Computes the derivatives of a loss with respect to the elements of a tensor, or to those at the row-major indices
 * `chosen`. Both tensors are float64.
 */
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

/** Maps tensors returned by `centralDifferences` to the error bounds of their elements. */
const errorsByTensor = new WeakMap<Tensor, Float64Array>();

/**
 * Returns the error bounds of a tensor that `centralDifferences` returned; undefined for other tensors. A bound is
 * Infinity where the differences were inconclusive.
 */
export const errorsOfDifferences = (x: Tensor): Float64Array | undefined => errorsByTensor.get(x);

/** The options of `centralDifferences`. */
export interface CentralDifferencesOptions {
  /** The row-major indices of the elements with respect to which to differentiate. Defaults to all. */
  readonly places?: readonly number[];
}

/**
 * Computes, by central differences, the derivatives of a loss with respect to a tensor. The tensor may be an input or
 * an intermediate result. As an independent check, this uses no gradient rules and no reverse sweep. It shifts one
 * element of the tensor and replays the tape from there. Values that the forward pass held constant (`detach`, a
 * comparison, an index) stay unchanged.
 *
 * The result is float64 and has the tensor's shape. An element of the result is NaN where the loss has a kink, and
 * where `places` leaves it out. Steps are proportional to the element, or shorter if the loss has a kink nearby.
 * Relative errors are about 1e-10, and larger where the derivative is small relative to the loss. `compare` takes the
 * error of each element into account.
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
