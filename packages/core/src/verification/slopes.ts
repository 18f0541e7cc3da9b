/** Slopes from values: central differences that know how far off they may be, and where there is no derivative. */

/**
 * Why a function has no derivative at a point, or none that differences can see: its slopes differ on the two sides, its
 * values do, or it is not finite there.
 */
export type Roughness = 'kink' | 'jump' | 'edge';

export interface Slope {
  /** The derivative; NaN where the function is rough. */
  readonly value: number;
  /** How far that may be from the truth, by truncation and rounding; where the function is rough, by rounding alone. */
  readonly error: number;
  readonly roughness?: Roughness;
}

/** The values of a function at -h, -h/2, 0, h/2 and h. */
export type Samples = readonly [left: number, nearLeft: number, value: number, nearRight: number, right: number];

/** The places of samples, in steps. */
export const places = [-1, -1 / 2, 0, 1 / 2, 1] as const;

/** The step at which errors of truncation and of rounding meet: the fifth root of the distance between numbers. */
export const longStep = Number.EPSILON ** (1 / 5);

/** The share of a step to take instead where a kink is close by, or the curvature strong. */
export const shortening = 1 / 16;

/** How far slopes at two steps may disagree, as a share of them, where there is no kink. */
const allowedCurvature = 1e-3;
/** How far what disagrees between the two sides may be from halving with the step. */
const allowedBend = 1e-6;
/** Values may be off by this, as a share of what they are summed from. */
const rounding = 64 * Number.EPSILON;

const rough = (roughness: Roughness, error: number): Slope => ({ value: Number.NaN, error, roughness });

/**
 * The derivative at 0 of a function with these values, (4 (f(h/2) - f(-h/2)) / h - (f(h) - f(-h)) / 2h) / 3.
 *
 * At a kink the slopes on the two sides of 0 disagree as much at half the step, elsewhere half as much; at a jump the values
 * do. What remains of truncation is judged by how the slopes at the two steps differ: where that is a share r of them, it
 * is about a share r^2. Rounding is judged by `scale`, the size of the numbers that the values were computed from, and by
 * the fourth difference, in which a smooth function leaves nothing else.
 */
export function slopeOf(samples: Samples, h: number, scale = Math.abs(samples[2])): Slope {
  const [left, nearLeft, value, nearRight, right] = samples;
  if (samples.every((sample) => Object.is(sample, value))) return { value: Number.isNaN(value) ? value : 0, error: 0 };
  const noise = (rounding * scale) / h;
  if (!samples.every(Number.isFinite)) return rough('edge', noise);
  const wide = (right - left) / (2 * h);
  const narrow = (nearRight - nearLeft) / h;
  const bend = (right - 2 * value + left) / h;
  const nearBend = (nearRight - 2 * value + nearLeft) / (h / 2);
  const size = Math.max(Math.abs(wide), Math.abs(narrow));
  const change = Math.abs(wide - narrow);
  const isSmooth =
    change <= noise + allowedCurvature * size && Math.abs(nearBend - bend / 2) <= noise + allowedBend * size;
  if (!isSmooth) return rough(Math.abs(narrow - 2 * wide) < Math.abs(narrow) / 8 ? 'jump' : 'kink', noise);
  const slope = (4 * narrow - wide) / 3;
  const truncation = change * Math.max(h * h, change / Math.max(Math.abs(slope), change, Number.MIN_VALUE));
  const ripple = Math.abs(left - 4 * nearLeft + 6 * value - 4 * nearRight + right);
  return { value: slope, error: truncation + noise + (8 * ripple) / h };
}
