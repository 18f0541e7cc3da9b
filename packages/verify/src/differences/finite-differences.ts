/**
 * Estimates derivatives from function values: central differences with error bounds, and detection of points without a
 * derivative.
 */

/**
 * The reason why finite differences find no derivative at a point. `kink`: the one-sided derivatives differ. `jump`:
 * the one-sided values differ. `edge`: the function isn't finite nearby.
 */
export type Roughness = 'kink' | 'jump' | 'edge';

export interface Estimate {
  /** The derivative; NaN if the function has none at the point. */
  readonly value: number;
  /** A bound on the truncation and rounding error. If `isRegular` is false, this is only an estimate from the samples. */
  readonly error: number;
  /** Whether the function is nearly straight between the samples. Then the samples can't miss a kink or another feature. */
  readonly isRegular: boolean;
  /** The step size. */
  readonly h: number;
  /**
   * The largest difference quotient between the point and a sample. It shows how fast the function changes nearby, even
   * if the derivative is 0.
   */
  readonly secant: number;
  readonly roughness?: Roughness;
}

/** The values of a function at -h, -h/2, 0, h/2 and h. */
export type Samples = readonly [left: number, nearLeft: number, value: number, nearRight: number, right: number];

/** The positions of the samples, in units of the step. */
export const places = [-1, -1 / 2, 0, 1 / 2, 1] as const;

/** The step size that balances truncation and rounding error: the fifth root of machine epsilon. */
const defaultStep = Number.EPSILON ** (1 / 5);

/**
 * The step multipliers, in the order tried. Shorter steps help if the function has a kink nearby or curves strongly.
 * The last step is longer, which helps if derivatives are small relative to the values.
 */
const lengths = [1, 2 ** -6, 2 ** -12, 2 ** -18, 2 ** -24, 2 ** 6] as const;

/**
 * A threshold for the difference of the estimates at two steps, relative to the secant. Up to this threshold, the error
 * estimate is quadratic in the difference.
 */
const allowedCurvature = 1e-3;
/**
 * The largest allowed deviation from a rule for smooth functions: halving the step halves the difference between the
 * one-sided estimates.
 */
const allowedBend = 1e-6;
/** The rounding error assumed for values, as a fraction of the largest value. */
const rounding = 64 * Number.EPSILON;

/** A step size to try. */
export interface DifferenceStep {
  readonly h: number;
  /** The magnitude of the element that is changed by a step. It determines the rounding error of the sample positions. */
  readonly size: number;
}

/**
 * Returns the steps to try for an element of a given size, in order. The first step suits functions that vary on a
 * scale of 1, or on the scale of the element if that is larger. The second step is relative to the element, even if the
 * element is very small. Steps of other lengths follow. Default steps are powers of two, so that adding them rarely
 * causes a rounding error.
 *
 * @param typical The size to use for an element that is 0.
 * @param step The step for an element of size 1, which replaces the default steps.
 */
export function stepsFor(size: number, typical: number, step?: number): DifferenceStep[] {
  const reaches = [...new Set([Math.max(1, size), size || typical || 1])];
  if (step !== undefined) return reaches.map((reach) => ({ h: step * reach, size }));
  return lengths.flatMap((length) =>
    reaches.map((reach) => ({ h: 2 ** Math.round(Math.log2(defaultStep * reach * length)), size })),
  );
}

/**
 * Estimates the derivative at 0 of a function from samples, as (4 (f(h/2) - f(-h/2)) / h - (f(h) - f(-h)) / 2h) / 3.
 *
 * At a kink, halving the step leaves the difference between the one-sided estimates unchanged; elsewhere it at least
 * halves it. At a jump, the one-sided values differ. The truncation error is estimated from the relative difference r
 * of the estimates at the two steps. It is about r^2 if r is small, otherwise about r. The rounding error is estimated
 * from the size of the values and from the fourth difference, which is nearly 0 for a smooth function.
 *
 * @param valueNoise The rounding error of the values, if it is known to be larger than their size suggests.
 */
function estimateOf(samples: Samples, { h, size }: DifferenceStep, valueNoise: number): Estimate {
  const [left, nearLeft, value, nearRight, right] = samples;
  const isConstant = samples.every((sample) => Object.is(sample, value));
  if (isConstant && !Number.isFinite(value)) {
    return { h, value: Number.isNaN(value) ? value : 0, error: 0, secant: 0, isRegular: true };
  }
  const rough = { h, value: Number.NaN, error: Infinity, isRegular: false };
  if (!samples.every(Number.isFinite)) return { ...rough, secant: 0, roughness: 'edge' };
  const noise = Math.max(valueNoise, rounding * Math.max(...samples.map(Math.abs))) / h;
  if (isConstant) return { h, value: 0, error: noise, secant: 0, isRegular: true };

  const [wide, narrow] = [(right - left) / (2 * h), (nearRight - nearLeft) / h];
  const [bend, nearBend] = [(right - 2 * value + left) / h, (nearRight - 2 * value + nearLeft) / (h / 2)];
  const secant = Math.max(Math.abs(right - value), Math.abs(left - value)) / h;
  const [curvature, bendError] = [noise + allowedCurvature * secant, noise + allowedBend * secant];
  const steepens = Math.abs(narrow) - Math.abs(wide) > curvature;
  if (steepens || Math.abs(nearBend) - Math.abs(bend) / 2 > bendError) {
    return { ...rough, secant, roughness: Math.abs(narrow - 2 * wide) < Math.abs(narrow) / 8 ? 'jump' : 'kink' };
  }
  const derivative = (4 * narrow - wide) / 3;
  const change = Math.abs(wide - narrow);
  const unevenness = Math.abs(nearBend - bend / 2);
  const isRegular = change <= curvature && unevenness <= bendError;
  const truncation = isRegular
    ? change * Math.max(h * h, change / Math.max(Math.abs(derivative), change, Number.MIN_VALUE))
    : change + unevenness;
  const ripple = Math.abs(left - 4 * nearLeft + 6 * value - 4 * nearRight + right);
  const misplacement = (Number.EPSILON * size * secant) / h;
  const error = truncation + noise + misplacement + (8 * ripple) / h;
  return { h, value: derivative, error, secant, isRegular };
}

/**
 * Returns the estimates whose error is at most 8 times the least error. If any estimates are regular, considers only
 * these. Returns an empty list if no step found a derivative.
 */
export function bestOf(estimates: readonly Estimate[]): Estimate[] {
  const smooth = estimates.filter(({ roughness }) => roughness === undefined);
  const regular = smooth.filter(({ isRegular }) => isRegular);
  const candidates = regular.length > 0 ? regular : smooth;
  const least = Math.min(...candidates.map(({ error }) => error));
  return candidates.filter(({ error }) => error <= 8 * least);
}

/** Returns the largest secant among the estimates with steps of length `h` or longer. */
export const secantFrom = (estimates: readonly Estimate[], h: number): number =>
  estimates.reduce((largest, other) => (other.h >= h ? Math.max(largest, other.secant) : largest), 0);

/**
 * Estimates the derivatives of several functions. Tries one step after another until the estimates suffice for each
 * function.
 *
 * @param samplesAt Returns the samples of each function for a step.
 * @param valueNoises The rounding error of each function's values.
 * @param isEnough Returns whether the estimates found so far for function `i` suffice.
 * @returns For each function, the estimates at all steps that were tried.
 */
export function estimatesOf(
  steps: readonly DifferenceStep[],
  samplesAt: (h: number) => readonly Samples[],
  valueNoises: readonly number[],
  isEnough: (estimates: readonly Estimate[], i: number) => boolean,
): Estimate[][] {
  let found: Estimate[][] = [];
  for (const step of steps) {
    found = samplesAt(step.h).map((samples, i) => [...(found[i] ?? []), estimateOf(samples, step, valueNoises[i]!)]);
    if (found.every(isEnough)) break;
  }
  return found;
}
