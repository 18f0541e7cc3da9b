/** Whether a number that is watched, such as the loss on held-out data, still gets better. */

import { ArgumentError } from '@tapegrad/core';
import { checkNotNegative, checkWhole, checkWord } from './options.ts';

export interface ImprovementOptions {
  /** Whether smaller is better or larger; `min` unless given. */
  readonly mode?: 'min' | 'max';
  /** How many checks in a row may bring no improvement; 10 unless given. */
  readonly patience?: number;
  /** By how much a value must beat the best to count as an improvement; 1e-4 unless given. */
  readonly threshold?: number;
  /** Whether the threshold is a share of the best value (`rel`, unless given) or is added to it (`abs`). */
  readonly thresholdMode?: 'rel' | 'abs';
}

/** What is known of the values so far, as plain data. */
export interface ImprovementState {
  /** null before the first. */
  readonly best: number | null;
  /** How many values in a row were no improvement. */
  readonly sinceBest: number;
}

/**
 * The best value so far, and how many came after it, as PyTorch's ReduceLROnPlateau counts. NaN is no improvement.
 */
export class Improvement {
  readonly #options: Required<ImprovementOptions>;
  best: number | null = null;
  sinceBest = 0;

  constructor(call: string, options: ImprovementOptions) {
    this.#options = { mode: 'min', patience: 10, threshold: 1e-4, thresholdMode: 'rel', ...options };
    const { mode, patience, threshold, thresholdMode } = this.#options;
    checkWord(call, 'mode', mode, ['min', 'max']);
    checkWord(call, 'thresholdMode', thresholdMode, ['rel', 'abs']);
    checkNotNegative(call, 'threshold', threshold);
    checkWhole(call, 'patience', patience);
  }

  note(value: number): void {
    if (typeof value !== 'number') throw new ArgumentError(`expected a number to watch, got ${typeof value}`);
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
    const bound = thresholdMode === 'rel' ? this.best * (1 + sign * threshold) : this.best + sign * threshold;
    return sign * value > sign * bound;
  }

  state(): ImprovementState {
    return { best: this.best, sinceBest: this.sinceBest };
  }

  /** For the `load` of who watches. */
  load(call: string, { best, sinceBest }: ImprovementState): void {
    if (best !== null && typeof best !== 'number') {
      throw new ArgumentError(`${call}: best is ${typeof best}, expected a number or null`);
    }
    checkWhole(call, 'sinceBest', sinceBest);
    this.best = best;
    this.sinceBest = sinceBest;
  }
}
