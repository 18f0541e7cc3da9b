/** Derivatives from values: central differences with a bound on their error, and the places where there is no derivative. */

/**
 * Why a function has no derivative at a point that differences can see: its slopes differ on the two sides, its values do,
 * or it is not finite there.
 */
export type Roughness = 'kink' | 'jump' | 'edge';

export interface Slope {
  /** The derivative; NaN where the function is rough. */
  readonly value: number;
  /** A bound on its error, by truncation and rounding; where it is not regular, as far as its samples tell. */
  readonly error: number;
  /** Whether the function is nearly straight between the samples, so that nothing can be hidden there. */
  readonly isRegular: boolean;
  /** The length of the step. */
  readonly h: number;
  /** The steepest line from the point to a sample: how fast the function changes nearby, where its derivative may be 0. */
  readonly secant: number;
  readonly roughness?: Roughness;
}

/** The values of a function at -h, -h/2, 0, h/2 and h. */
export type Samples = readonly [left: number, nearLeft: number, value: number, nearRight: number, right: number];

/** The places of samples, in steps. */
export const places = [-1, -1 / 2, 0, 1 / 2, 1] as const;

/** The step at which errors of truncation and of rounding meet: the fifth root of the distance between numbers. */
const defaultStep = Number.EPSILON ** (1 / 5);

/**
 * By what steps are multiplied, one after the other: shorter ones where the function has a kink nearby or curves strongly,
 * and at last a longer one, for slopes that are small beside the values.
 */
const lengths = [1, 2 ** -6, 2 ** -12, 2 ** -18, 2 ** -24, 2 ** 6] as const;

/** How far slopes at two steps may disagree, as a share of the secant, for the error to shrink with the square of that. */
const allowedCurvature = 1e-3;
/** How far what disagrees between the two sides may be from halving with the step. */
const allowedBend = 1e-6;
/** Values may be off by this, as a share of the largest of them. */
const rounding = 64 * Number.EPSILON;

/** A step to try. */
export interface Step {
  readonly h: number;
  /** The size of what is stepped from: it takes part in the rounding of where samples are. */
  readonly size: number;
}

/**
 * The steps to try for an element of this size, in turn. The first is the one for functions that change over distances of
 * about 1, and over about the element's size where that is larger. The second is relative to the element, however small it
 * is. Other lengths follow. All are powers of two, so that sums with them are seldom rounded.
 *
 * @param typical the size that stands in for an element that is 0.
 * @param step the one to take for an element of size 1, in place of all these.
 */
export function stepsFor(size: number, typical: number, step?: number): Step[] {
  const reaches = [...new Set([Math.max(1, size), size || typical || 1])];
  if (step !== undefined) return reaches.map((reach) => ({ h: step * reach, size }));
  return lengths.flatMap((length) =>
    reaches.map((reach) => ({ h: 2 ** Math.round(Math.log2(defaultStep * reach * length)), size })),
  );
}

/**
 * The derivative at 0 of a function with these values, (4 (f(h/2) - f(-h/2)) / h - (f(h) - f(-h)) / 2h) / 3.
 *
 * At a kink the slopes on the two sides of 0 disagree as much at half the step, elsewhere half as much or less; at a jump
 * the values do. Truncation is judged by how the slopes at the two steps differ: where that is a small share r of them, it
 * is about a share r^2, and otherwise nothing better than r is known. Rounding is judged by the size of the values, and by
 * the fourth difference, in which a smooth function leaves nothing else.
 *
 * @param valueNoise what rounding makes of the values, where that is known to be more than their size tells.
 */
function slopeOf(samples: Samples, { h, size }: Step, valueNoise: number): Slope {
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
  const slope = (4 * narrow - wide) / 3;
  const change = Math.abs(wide - narrow);
  const unevenness = Math.abs(nearBend - bend / 2);
  const isRegular = change <= curvature && unevenness <= bendError;
  const truncation = isRegular
    ? change * Math.max(h * h, change / Math.max(Math.abs(slope), change, Number.MIN_VALUE))
    : change + unevenness;
  const ripple = Math.abs(left - 4 * nearLeft + 6 * value - 4 * nearRight + right);
  const misplacement = (Number.EPSILON * size * secant) / h;
  const error = truncation + noise + misplacement + (8 * ripple) / h;
  return { h, value: slope, error, secant, isRegular };
}

/**
 * Of slopes at several steps, the one with the least error, and those whose errors are about as small; none where all are
 * rough. Those that are regular come before all others.
 */
export function bestOf(slopes: readonly Slope[]): Slope[] {
  const smooth = slopes.filter(({ roughness }) => roughness === undefined);
  const regular = smooth.filter(({ isRegular }) => isRegular);
  const candidates = regular.length > 0 ? regular : smooth;
  const least = Math.min(...candidates.map(({ error }) => error));
  return candidates.filter(({ error }) => error <= 8 * least);
}

/** How fast a function changes within the steps from this one on. */
export const secantFrom = (slopes: readonly Slope[], h: number): number =>
  slopes.reduce((largest, other) => (other.h >= h ? Math.max(largest, other.secant) : largest), 0);

/**
 * The slopes of several functions, at one step after the other until those of each are enough.
 *
 * @param samplesAt the samples of each function, for a step.
 * @param valueNoises what rounding makes of the values of each.
 * @param isEnough whether the slopes of function `i` so far are.
 * @returns for each function the slopes at all steps that were tried.
 */
export function slopesOf(
  steps: readonly Step[],
  samplesAt: (h: number) => readonly Samples[],
  valueNoises: readonly number[],
  isEnough: (slopes: readonly Slope[], i: number) => boolean,
): Slope[][] {
  let found: Slope[][] = [];
  for (const step of steps) {
    found = samplesAt(step.h).map((samples, i) => [...(found[i] ?? []), slopeOf(samples, step, valueNoises[i]!)]);
    if (found.every(isEnough)) break;
  }
  return found;
}
