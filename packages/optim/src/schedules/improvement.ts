/** Tracks whether a monitored value, such as the loss on held-out data, still improves. */

import { describeValue } from '@tapegrad/core/extend';
import { ArgumentError } from '@tapegrad/core/lean';
import { checkKnown, checkNotNegative, checkState, checkWhole, checkWord, given } from '../options.ts';

/** The options that define what counts as an improvement. */
export interface ImprovementOptions {
  /** Whether smaller (`min`) or larger (`max`) values are better. Defaults to `min`. */
  readonly mode?: 'min' | 'max';
  /** The number of values in a row that may bring no improvement. Defaults to 10. */
  readonly patience?: number;
  /** The amount by which a value must be better than the best value to count as an improvement. Defaults to 1e-4. */
  readonly threshold?: number;
  /**
   * Whether the threshold is a fraction of the best value's absolute value (`rel`), or an absolute number (`abs`).
   * Defaults to `rel`.
   */
  readonly thresholdMode?: 'rel' | 'abs';
}

/** What is remembered of the values seen so far, as plain data. */
export interface ImprovementState {
  /** The best value so far; null before the first value. */
  readonly best: number | null;
  /** The number of values in a row without improvement. */
  readonly sinceBest: number;
}

/** The names of the options that control monitoring. */
export const improvementNames: readonly string[] = ['mode', 'patience', 'threshold', 'thresholdMode'];

/**
 * Tracks the best value so far, and the number of values since then. NaN never counts as an improvement.
 *
 * A value is an improvement if it is better than best ± threshold, or best ± threshold |best|. Such a bound is better
 * than the best value, whatever the sign of the best value. PyTorch uses best (1 ± threshold), which is worse than a
 * negative best value.
 */
export class Improvement {
  readonly #call: string;
  readonly #options: Required<ImprovementOptions>;
  best: number | null = null;
  sinceBest = 0;

  constructor(call: string, options: ImprovementOptions) {
    checkKnown(call, options, improvementNames);
    this.#call = call;
    this.#options = { mode: 'min', patience: 10, threshold: 1e-4, thresholdMode: 'rel', ...given(options) };
    const { mode, patience, threshold, thresholdMode } = this.#options;
    checkWord(call, 'mode', mode, ['min', 'max']);
    checkWord(call, 'thresholdMode', thresholdMode, ['rel', 'abs']);
    checkNotNegative(call, 'threshold', threshold);
    checkWhole(call, 'patience', patience);
  }

  note(value: number): void {
    if (typeof value !== 'number') {
      throw new ArgumentError(`${this.#call}.update: expected a number to monitor, got ${describeValue(value)}`);
    }
    if (this.#isBetter(value)) {
      this.best = value;
      this.sinceBest = 0;
    } else {
      this.sinceBest++;
    }
  }

  get isOverdue(): boolean {
    return this.sinceBest > this.#options.patience;
  }

  #isBetter(value: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options;
    const sign = mode === 'min' ? -1 : 1;
    if (this.best === null) return sign * value > -Infinity;
    const bound =
      thresholdMode === 'rel'
        ? this.best * (1 + sign * Math.sign(this.best) * threshold)
        : this.best + sign * threshold;
    return sign * value > sign * bound;
  }

  state(): ImprovementState {
    return { best: this.best, sinceBest: this.sinceBest };
  }

  /** Restores a saved state. The classes that monitor a value call this in their `load`. */
  load(call: string, state: ImprovementState): void {
    checkState(call, state);
    const { best, sinceBest } = state;
    if (best !== null && (typeof best !== 'number' || Number.isNaN(best))) {
      throw new ArgumentError(`${call}: best is ${describeValue(best)}, expected a number or null`);
    }
    checkWhole(call, 'sinceBest', sinceBest);
    this.best = best;
    this.sinceBest = sinceBest;
  }
}
