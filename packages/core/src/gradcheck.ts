/** Gradients on trial: the tape's against central differences. */

import { ArgumentError, type Data, DTypeError, formatShape, NdArray } from '@tapegrad/kernels';
import { zeros } from './create.ts';
import { Random } from './random.ts';
import { Tensor } from './tensor.ts';

export interface GradcheckOptions {
  /** 1 checks the gradient; 2 also the gradient of the gradient. */
  readonly order?: 1 | 2;
  /** The largest error allowed, relative to the larger of 1 and the gradient. */
  readonly tolerance?: number;
  /** Of the differences, relative to the larger of 1 and the entry. */
  readonly step?: number;
  /** Of the random projection that makes a scalar of the function's result. */
  readonly seed?: number;
}

/** An entry of an input at which the two gradients differ most. */
export interface GradcheckEntry {
  /** Position of the input among the arguments. */
  readonly input: number;
  /** Position of the entry in row-major order. */
  readonly place: number;
  /** What the sweep says. */
  readonly analytic: number;
  /** What central differences say. */
  readonly numeric: number;
  /** |analytic - numeric| / max(1, |analytic|, |numeric|) */
  readonly error: number;
}

export interface GradcheckReport {
  readonly passed: boolean;
  readonly tolerance: number;
  /** For each order, the entry with the largest error; none where the inputs are empty. */
  readonly worst: readonly (GradcheckEntry | undefined)[];
}

type Differentiable = (...inputs: Tensor[]) => Tensor;

const errorOf = (analytic: number, numeric: number): number =>
  Math.abs(analytic - numeric) / Math.max(1, Math.abs(analytic), Math.abs(numeric));

/** A fresh input of the program with these elements. */
const leaf = (x: Tensor, data: Data): Tensor => new Tensor(new NdArray(data, x.dtype, x.shape), undefined, true);

/** The entry at which the gradient of a scalar function differs most from its central differences. */
function worstEntry(f: Differentiable, inputs: readonly Tensor[], step: number): GradcheckEntry | undefined {
  const leaves = inputs.map((x) => leaf(x, x.data.slice()));
  const value = f(...leaves);
  const gradients = value.requiresGrad ? value.backward() : undefined;
  let worst: GradcheckEntry | undefined;
  leaves.forEach((x, input) => {
    const gradient = gradients?.has(x) ? gradients.of(x).data : new Float64Array(x.size);
    for (let place = 0; place < x.size; place++) {
      const at = (shift: number): number => {
        const data = x.data.slice();
        data[place]! += shift;
        return f(...leaves.with(input, leaf(x, data))).item();
      };
      const h = step * Math.max(1, Math.abs(x.data[place]!));
      const numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
      const analytic = gradient[place]!;
      const error = errorOf(analytic, numeric);
      // An error of NaN is the worst of all.
      const worse = worst === undefined || !(error <= worst.error || Number.isNaN(worst.error));
      if (worse) worst = { input, place, analytic, numeric, error };
    }
  });
  return worst;
}

/**
 * Holds the gradients of a function of float64 tensors against central differences of five points,
 * (8 (f(x + h) - f(x - h)) - (f(x + 2h) - f(x - 2h))) / 12h. Their truncation error, of order h^4, and their rounding
 * error, of order epsilon / h, meet at h = epsilon^(1/5), the step unless given; the tolerance is a multiple of both.
 *
 * A result that is no scalar is projected on a random tensor, which checks a random combination of the Jacobian's rows;
 * the gradient, which the second order differentiates, likewise.
 *
 * @throws DTypeError for inputs other than float64: in float32 the differences are too coarse to judge by.
 * @example
 * const x = tensor([0.5, -1.5], { dtype: 'float64' });
 * gradcheck((x) => x.tanh().mul(x), [x], { order: 2 }).passed; // true
 */
export function gradcheck(
  f: Differentiable,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): GradcheckReport {
  const { order = 1, step = Number.EPSILON ** (1 / 5), tolerance = 1e4 * step ** 4, seed = 0 } = options;
  if (inputs.length === 0) throw new ArgumentError('gradcheck: expected at least one input');
  if (!(step > 0 && tolerance > 0)) {
    throw new ArgumentError(`gradcheck: expected a step and a tolerance above 0, got ${step} and ${tolerance}`);
  }
  inputs.forEach((x, i) => {
    if (x.dtype === 'float64') return;
    throw new DTypeError(`gradcheck: input ${i}, ${formatShape(x.shape)}, is ${x.dtype}; expected float64`);
  });

  // One projection for each shape that comes, the same at every evaluation.
  const projected = (salt: number) => {
    return (y: Tensor): Tensor => {
      if (y.dtype !== 'float64') throw new DTypeError(`gradcheck: the function gave ${y.dtype}; expected float64`);
      const weights = new Random(seed + salt).uniform(y.shape, { low: -1, high: 1, dtype: 'float64' });
      return y.mul(weights).sum();
    };
  };
  const scalar: Differentiable = (...x) => projected(1)(f(...x));
  const slope: Differentiable = (...x) => {
    const value = scalar(...x);
    const gradients = value.requiresGrad ? value.backward({ createGraph: true }) : undefined;
    const terms = x.flatMap((input, i) => (gradients?.has(input) ? [projected(2 + i)(gradients.of(input))] : []));
    return terms.reduce((sum, term) => sum.add(term), zeros([], { dtype: 'float64' }));
  };

  const worst = [worstEntry(scalar, inputs, step)];
  if (order === 2) worst.push(worstEntry(slope, inputs, step));
  return { passed: worst.every((entry) => entry === undefined || entry.error <= tolerance), tolerance, worst };
}
