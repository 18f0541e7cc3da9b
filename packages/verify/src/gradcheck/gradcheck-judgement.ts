/** Whether the tape is right about a derivative, by the slopes that differences gave. */

import { bestOf, type Slope, secantFrom } from '../differences/finite-differences.ts';
import type { GradcheckEntry } from './gradcheck-report.ts';

/** What is said of a derivative: where it is, and by the tape. */
export interface Claim extends Pick<GradcheckEntry, 'index' | 'output' | 'reverse' | 'forward'> {
  /** The size of the numbers that the tape's are summed from. */
  readonly scale: number;
  /** The size of what is differentiated. */
  readonly level: number;
  /** The size of the terms that it is summed from, which takes a while to find. */
  readonly terms: () => number;
}

/** What rounding may make of the tape's derivatives, as a share of what they are summed from. */
const rounding = 2 ** 12 * Number.EPSILON;
/** What it may make of values, as a share of the terms that they are summed from, and of derivatives where these cancel. */
export const termRounding = 16 * Number.EPSILON;

/** How small the error of differences must be beside the derivative for them to tell anything; and for no step to be better. */
const [resolution, sharpness] = [1e-3, 1e-6];

/** Whether differences told something. */
export const isClear = ({ roughness }: Pick<GradcheckEntry, 'roughness'>): boolean => roughness === undefined;

/** The largest that the tape says of a derivative. */
const sizeOf = ({ reverse, forward = reverse }: Claim): number => Math.max(Math.abs(reverse), Math.abs(forward));

/**
 * Whether the error of a slope is a small share of the derivative, or of how fast the function changes nearby: of a
 * derivative of 0, or of about that, the size says nothing. Where samples may hide something, neither does what is claimed.
 */
function tells(claim: Claim, { value, error, isRegular }: Slope, secant: number, share: number): boolean {
  if (!isRegular) return error <= share * Math.max(Math.abs(value), secant);
  const size = sizeOf(claim);
  if (size === 0 && value === 0) return true;
  // Less than the rounding of the values themselves: the function is constant as far as its digits go.
  const { scale, level } = claim;
  if (Math.max(size, scale) <= 4 * Number.EPSILON * level && error <= sharpness * level) return true;
  const others = size <= rounding * scale ? scale : 0;
  return error <= share * Math.max(size, Math.abs(value), secant, others);
}

/** What the judgement of a derivative rests on, beside the slopes. */
export interface Terms {
  /** The size of what is stepped from, beside the direction; at least 1. */
  readonly reach: number;
  readonly tolerance: number | undefined;
  /** Whether no further step will be tried, so that a slope will do that tells little. */
  readonly isFinal: boolean;
}

/** What the slopes at several steps say of what the tape does. */
export function judge(
  claim: Claim,
  slopes: readonly Slope[],
  { reach, tolerance, isFinal }: Terms,
): Omit<GradcheckEntry, 'order' | 'input'> {
  const { scale, level, terms: _, ...said } = claim;
  const { reverse, forward = reverse } = said;
  const explained = rounding * scale + (termRounding * level) / reach;
  const candidates = bestOf(slopes).map((slope) => {
    const { value, error: bound, isRegular, h } = slope;
    const secant = isFinal ? secantFrom(slopes, h) : slope.secant;
    const error = Math.max(Math.abs(reverse - value), Math.abs(forward - value));
    const bounded = explained + bound;
    const allowed = tolerance === undefined ? bounded : tolerance * Math.max(scale, Math.abs(value), secant);
    // What is far outside of all bounds is wrong, however wide they are.
    const isChecked =
      tells(claim, slope, secant, isFinal ? resolution : sharpness) || (isRegular && error > 16 * bounded);
    return { numeric: value, error, allowed, isChecked };
  });
  const checked = candidates.filter(({ isChecked }) => isChecked);
  const judged = checked.find(({ error, allowed }) => error <= allowed) ?? checked[0];
  if (judged !== undefined) {
    const { isChecked: _checked, ...numbers } = judged;
    return { ...said, ...numbers, roughness: undefined };
  }
  const rough = slopes.find(({ roughness }) => roughness !== undefined)?.roughness;
  // At a kink, lines to samples are as steep as what the passes may say; in mere noise, they are much steeper.
  const steepest = rough === 'kink' ? secantFrom(slopes, 0) : 0;
  return {
    ...said,
    numeric: rough === undefined ? (candidates[0]?.numeric ?? Number.NaN) : Number.NaN,
    error: Math.abs(reverse - forward),
    allowed: explained + (tolerance ?? 0) * scale + sharpness * steepest,
    roughness: rough ?? 'noise',
  };
}
