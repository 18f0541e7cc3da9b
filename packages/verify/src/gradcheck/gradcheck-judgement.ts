/** Decides whether the tape's derivative is right, given estimates of it by finite differences. */

import { bestOf, type Estimate, secantFrom } from '../differences/finite-differences.ts';
import type { GradcheckEntry } from './gradcheck-report.ts';

/** A derivative according to the tape, and its location. */
export interface Claim extends Pick<GradcheckEntry, 'index' | 'output' | 'reverse' | 'forward'> {
  /** The size of the terms whose sums are the tape's derivatives. */
  readonly scale: number;
  /** The size of the value that is differentiated. */
  readonly level: number;
  /** Computes the size of the terms whose sum is the differentiated value. This is slow. */
  readonly terms: () => number;
}

/** The rounding error allowed in the tape's derivatives, relative to the terms that are summed to compute them. */
const rounding = 2 ** 12 * Number.EPSILON;
/**
 * The rounding error allowed in values, relative to the terms that are summed to compute them. It also applies to
 * derivatives where such terms cancel.
 */
export const termRounding = 16 * Number.EPSILON;

/**
 * Two thresholds for the relative error of differences. Below the first, the differences are conclusive. Below the
 * second, no other step is tried.
 */
const [resolution, sharpness] = [1e-3, 1e-6];

/** Returns whether the differences were conclusive. */
export const isClear = ({ roughness }: Pick<GradcheckEntry, 'roughness'>): boolean => roughness === undefined;

/** Returns the larger magnitude of the tape's two derivatives. */
const sizeOf = ({ reverse, forward = reverse }: Claim): number => Math.max(Math.abs(reverse), Math.abs(forward));

/**
 * Returns whether the error of an estimate is small relative to the derivative. If the derivative is about 0, the error
 * is compared with the function's rate of change nearby. If the samples may have missed a feature of the function, the
 * tape's derivative isn't used as a measure.
 */
function tells(claim: Claim, { value, error, isRegular }: Estimate, secant: number, share: number): boolean {
  if (!isRegular) return error <= share * Math.max(Math.abs(value), secant);
  const size = sizeOf(claim);
  if (size === 0 && value === 0) return true;
  // If the derivative is below the rounding error of the values, the function is constant to working precision.
  const { scale, level } = claim;
  if (Math.max(size, scale) <= 4 * Number.EPSILON * level && error <= sharpness * level) return true;
  const others = size <= rounding * scale ? scale : 0;
  return error <= share * Math.max(size, Math.abs(value), secant, others);
}

/** The data that a judgement needs in addition to the estimates. */
export interface Terms {
  /** The size of the variable's elements, as a multiple of the direction's elements; at least 1. */
  readonly reach: number;
  readonly tolerance: number | undefined;
  /** Whether no further step will be tried, so that a less conclusive estimate has to suffice. */
  readonly isFinal: boolean;
}

/** Judges the tape's derivative by comparing it with the estimates at several steps. */
export function judge(
  claim: Claim,
  estimates: readonly Estimate[],
  { reach, tolerance, isFinal }: Terms,
): Omit<GradcheckEntry, 'order' | 'input'> {
  const { scale, level, terms: _, ...said } = claim;
  const { reverse, forward = reverse } = said;
  const explained = rounding * scale + (termRounding * level) / reach;
  const candidates = bestOf(estimates).map((estimate) => {
    const { value, error: bound, isRegular, h } = estimate;
    const secant = isFinal ? secantFrom(estimates, h) : estimate.secant;
    const error = Math.max(Math.abs(reverse - value), Math.abs(forward - value));
    const bounded = explained + bound;
    const allowed = tolerance === undefined ? bounded : tolerance * Math.max(scale, Math.abs(value), secant);
    // If the error is far outside all bounds, the derivative is wrong, however wide the bounds are.
    const isChecked =
      tells(claim, estimate, secant, isFinal ? resolution : sharpness) || (isRegular && error > 16 * bounded);
    return { numeric: value, error, allowed, isChecked };
  });
  const checked = candidates.filter(({ isChecked }) => isChecked);
  const judged = checked.find(({ error, allowed }) => error <= allowed) ?? checked[0];
  if (judged !== undefined) {
    const { isChecked: _checked, ...numbers } = judged;
    return { ...said, ...numbers, roughness: undefined };
  }
  const rough = estimates.find(({ roughness }) => roughness !== undefined)?.roughness;
  // At a kink, secants are as steep as the derivatives that the two modes may report. If there is only noise, they are
  // much steeper.
  const steepest = rough === 'kink' ? secantFrom(estimates, 0) : 0;
  return {
    ...said,
    numeric: rough === undefined ? (candidates[0]?.numeric ?? Number.NaN) : Number.NaN,
    error: Math.abs(reverse - forward),
    allowed: explained + (tolerance ?? 0) * scale + sharpness * steepest,
    roughness: rough ?? 'noise',
  };
}
