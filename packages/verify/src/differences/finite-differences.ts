/**
 * Estimates derivatives from function values: central differences with error bounds, and detection of points without a
 * derivative.
 */

/**
 * The reason why finite differences find no derivative at a point: the one-sided derivatives differ, the one-sided values
 * differ, or the function isn't finite nearby.
 */
export type Roughness = 'kink' | 'jump' | 'edge';

export interface Estimate {
  /** The derivative; NaN where the function is rough. */
  readonly value: number;
  /** A bound on the truncation and rounding error; only an estimate from the samples if the function is not regular. */
  readonly error: number;
  /** Whether the function is nearly straight between the samples, so that they can't miss a feature. */
  readonly isRegular: boolean;
  /** The step size. */
  readonly h: number;
  /** The largest difference quotient from the point to a sample: how fast the function changes nearby, even if its derivative is 0. */
  readonly secant: number;
  readonly roughness?: Roughness;
}

/** The values of a function at -h, -h/2, 0, h/2 and h. */
export type Samples = readonly [left: number, nearLeft: number, value: number, nearRight: number, right: number];

/** The positions of the samples, in units of the step. */
export const places = [-1, -1 / 2, 0, 1 / 2, 1] as const;

/** The step that balances truncation and rounding error: the fifth root of machine epsilon. */
const defaultStep = Number.EPSILON ** (1 / 5);

/**
 * The step multipliers, in the order tried. Shorter steps help if the function has a kink nearby or curves strongly; the
 * last, longer step helps if derivatives are small relative to the values.
 */
const lengths = [1, 2 ** -6, 2 ** -12, 2 ** -18, 2 ** -24, 2 ** 6] as const;

/**
 * The largest difference of the estimates at two steps, relative to the secant, for which the error estimate is quadratic
 * in that difference.
 */
const allowedCurvature = 1e-3;
/** The largest deviation allowed from this rule: halving the step halves the difference between the one-sided estimates. */
const allowedBend = 1e-6;
/** The relative rounding error assumed for values, as a share of the largest. */
const rounding = 64 * Number.EPSILON;

/** A step to try. */
export interface DifferenceStep {
  readonly h: number;
  /** The magnitude of the point stepped from, which determines the rounding of the sample positions. */
  readonly size: number;
}

/**
 * Returns the steps to try for an element of a given size, in order. The first suits functions that vary on a scale of
 * 1, or on the scale of the element if that is larger. The second is relative to the element, however small. Other
 * lengths follow. Default steps are powers of two, so adding them rarely rounds.
 *
 * @param typical the size used in place of an element that is 0.
 * @param step the step for an element of size 1, to be used instead of the default ones.
 */
export function stepsFor(size: number, typical: number, step?: number): DifferenceStep[] {
  const reaches = [...new Set([Math.max(1, size), size || typical || 1])];
  if (step !== undefined) return reaches.map((reach) => ({ h: step * reach, size }));
  return lengths.flatMap((length) =>
    reaches.map((reach) => ({ h: 2 ** Math.round(Math.log2(defaultStep * reach * length)), size })),
  );
}

/**
 * Computes the derivative at 0 of a function with these values, (4 (f(h/2) - f(-h/2)) / h - (f(h) - f(-h)) / 2h) / 3.
 *
 * At a kink, halving the step leaves the difference between the one-sided estimates unchanged; elsewhere it at least halves it.
 * At a jump, the one-sided values differ. Truncation is estimated from the relative difference r of the estimates at the two
 * steps: about r^2 if r is small, otherwise no better than r. Rounding is estimated from the size of the values and from the
 * fourth difference, which is nearly 0 for a smooth function.
 *
 * @param valueNoise the rounding error of the values, if known to be larger than their size suggests.
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
 * Returns the estimates with the least error or within a factor of 8 of it, preferring regular ones. Returns an empty list if
 * all are rough.
 */
export function bestOf(estimates: readonly Estimate[]): Estimate[] {
  const smooth = estimates.filter(({ roughness }) => roughness === undefined);
  const regular = smooth.filter(({ isRegular }) => isRegular);
  const candidates = regular.length > 0 ? regular : smooth;
  const least = Math.min(...candidates.map(({ error }) => error));
  return candidates.filter(({ error }) => error <= 8 * least);
}

/** Returns the steepest secant among the steps of length `h` and longer. */
export const secantFrom = (estimates: readonly Estimate[], h: number): number =>
  estimates.reduce((largest, other) => (other.h >= h ? Math.max(largest, other.secant) : largest), 0);

/**
 * Computes the estimates of several functions at one step after another, until there are enough for each function.
 *
 * @param samplesAt returns the samples of each function for a step.
 * @param valueNoises the rounding error of each function's values.
 * @param isEnough whether the estimates found so far for function `i` suffice.
 * @returns for each function, the estimates at all steps tried.
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
