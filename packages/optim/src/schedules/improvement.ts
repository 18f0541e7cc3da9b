/** Whether a number that is watched, such as the loss on held-out data, still gets better. */

import { ArgumentError } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';
import { checkKnown, checkNotNegative, checkState, checkWhole, checkWord, given } from '../options.ts';

/** The options that say what counts as an improvement. */
export interface ImprovementOptions {
  /** Whether smaller is better or larger. Defaults to `min`. */
  readonly mode?: 'min' | 'max';
  /** How many checks in a row may bring no improvement. Defaults to 10. */
  readonly patience?: number;
  /** By how much a value must beat the best to count as an improvement. Defaults to 1e-4. */
  readonly threshold?: number;
  /** Whether the threshold is a share of the best value's size (`rel`), or a number of its own (`abs`). Defaults to `rel`. */
  readonly thresholdMode?: 'rel' | 'abs';
}

/** What is known of the values so far, as plain data. */
export interface ImprovementState {
  /** null before the first. */
  readonly best: number | null;
  /** How many values in a row were no improvement. */
  readonly sinceBest: number;
}

/** The options that watching has. */
export const improvementNames: readonly string[] = ['mode', 'patience', 'threshold', 'thresholdMode'];

/**
 * The best value so far, and how many came after it. NaN is no improvement.
 *
 * A value is an improvement beyond best ± threshold, or best ± threshold |best|, which lies on the side of what is better,
 * whatever the sign of the best value. PyTorch's best (1 ± threshold) lies on the other side where that is negative.
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
      throw new ArgumentError(`${this.#call}.update: expected a number to watch, got ${describeValue(value)}`);
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

  /** For the `load` of who watches. */
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
