/** Trains with increasing regularization, from several seeds. */

import { track } from '@tapegrad/train/node';
import { type Errors, type Remedy, type TrialOptions, trial } from './trial.ts';

export const DECAYS = [0, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1] as const;
export const RATES = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6] as const;

/** An amount of regularization, and the result for each seed. */
export interface Dose {
  readonly amount: number;
  readonly errors: readonly Errors[];
}

export interface SweepOptions extends TrialOptions {
  readonly seeds: readonly number[];
  /** The label of the progress, which is shown if there is one. */
  readonly label?: string | undefined;
}

/** Runs a trial for each amount and each seed. */
export async function sweep(
  amounts: readonly number[],
  remedy: (amount: number) => Remedy,
  { seeds, label, ...options }: SweepOptions,
): Promise<Dose[]> {
  const trials = amounts.flatMap((amount) => seeds.map((seed) => ({ amount, seed })));
  const errors: Errors[] = [];
  for (const { amount, seed } of label === undefined ? trials : track(trials, { label, unit: 'trials' })) {
    errors.push(await trial(remedy(amount), seed, options));
  }
  return amounts.map((amount, i) => ({ amount, errors: errors.slice(i * seeds.length, (i + 1) * seeds.length) }));
}

/** The mean, the minimum and the maximum. */
export interface Spread {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export function spreadOf(errors: readonly Errors[], of: keyof Errors): Spread {
  const values = errors.map((error) => error[of]);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, low: Math.min(...values), high: Math.max(...values) };
}
