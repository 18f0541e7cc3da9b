/** Central differences on any tensor of a tape, with bounds on their errors. */

import { ones, TapeError, Tensor } from '@tapegrad/core';
import { checkTensor } from '@tapegrad/core/extend';
import { checkUnchanged, type Entry, expanded, tapeOf } from '@tapegrad/core/tape';
import { ArgumentError, DTypeError, NdArray } from '@tapegrad/kernels';
import { bestOf, places, type Samples, type Slope, secantFrom, slopesOf, stepsFor } from './finite-differences.ts';
import { largestOf } from './precision.ts';
import { dependentsOf, replay, runOnArrays } from './replay.ts';
import { termsOf } from './rounding.ts';

/** Errors of this share of the slope, or of how fast the loss changes nearby, are small enough to try no other step. */
const sharpness = 1e-6;

/** Whether the error of a slope is at most a share of it, or of how fast the loss changes nearby. */
const isWithin = ({ value, error, h }: Slope, slopes: readonly Slope[], share: number): boolean =>
  error <= share * Math.max(Math.abs(value), secantFrom(slopes, h));

function isSharp(slopes: readonly Slope[]): boolean {
  // Where nothing changes at the first step, nothing does at shorter ones.
  return bestOf(slopes).some((slope) => slope.secant === 0 || isWithin(slope, slopes, sharpness));
}

/** The slope with the least error; none where longer steps show a kink that it is too coarse to see. */
function derivativeOf(slopes: readonly Slope[]): Slope | undefined {
  const best = bestOf(slopes).reduce<Slope | undefined>((a, b) => (a && a.error <= b.error ? a : b), undefined);
  if (best === undefined || isWithin(best, slopes, 0.1)) return best;
  const isHidden = slopes.some(
    ({ roughness, h, secant }) => roughness !== undefined && h >= best.h && best.error > secant,
  );
  return isHidden ? undefined : best;
}

/** Derivatives by central differences, with bounds on their errors; NaN and Infinity where there are none. */
export interface Differences {
  readonly slopes: Float64Array;
  readonly errors: Float64Array;
}

/** What rounding makes of a loss; 0 where a rule fails, on which nothing else here rests. */
function noiseOf(loss: Tensor, entries: readonly Entry<Tensor>[]): number {
  try {
    return Number.EPSILON * termsOf(new Map([[loss, ones([], { dtype: 'float64' }).array]]), entries);
  } catch {
    return 0;
  }
}

/** The derivatives of a loss by some elements of a tensor, both of float64, by their place in row-major order. */
export function differencesOf(loss: Tensor, x: Tensor, chosen?: readonly number[]): Differences {
  const value = loss.item();
  const entries = dependentsOf(expanded(tapeOf<Tensor>(loss)), x);
  if (entries.length === 0 && loss !== x) {
    throw new TapeError('centralDifferences: the loss was not computed from the tensor');
  }
  for (const entry of entries) checkUnchanged(entry);
  const noise = noiseOf(loss, entries);
  const [elements, typical] = [x.data, largestOf(x.data)];
  const slopes = new Float64Array(x.size).fill(Number.NaN);
  const errors = new Float64Array(x.size).fill(Infinity);
  for (const place of chosen ?? slopes.keys()) {
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
    const [found] = slopesOf(steps, samplesAt, [noise], isSharp);
    const best = derivativeOf(found!);
    if (best !== undefined) [slopes[place], errors[place]] = [best.value, best.error];
  }
  return { slopes, errors };
}

/** The errors of what `centralDifferences` gave. */
const errorsByTensor = new WeakMap<Tensor, Float64Array>();

/** Bounds on the errors of a tensor that `centralDifferences` gave, Infinity where it tells nothing; none of any other. */
export const errorsOfDifferences = (x: Tensor): Float64Array | undefined => errorsByTensor.get(x);

/** The options of `centralDifferences`. */
export interface CentralDifferencesOptions {
  /** The elements to differentiate by, by their place in row-major order. Defaults to all. */
  readonly places?: readonly number[];
}

/**
 * The derivatives of a loss with respect to any tensor that it was computed from, results on the way included, by central
 * differences: an opinion on them that needs no rule and no sweep. The tape is run again from the tensor on, with one
 * element shifted; what the forward pass held constant (`detach`, a comparison, an index) stays as it was.
 *
 * The result has the tensor's shape, is float64, and NaN where the loss has a kink, or for the elements left out. Steps are
 * of the size of the element, or shorter where the loss has a kink nearby. Relative errors are about 1e-10, and larger where
 * the derivative is small beside the loss; `compare` knows them for each element.
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
  const { slopes, errors } = differencesOf(loss, x, chosen);
  const differences = new Tensor<S>(new NdArray(slopes, 'float64', x.shape));
  errorsByTensor.set(differences, errors);
  return differences;
}
