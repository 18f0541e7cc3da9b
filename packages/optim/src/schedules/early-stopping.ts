import { Improvement, type ImprovementOptions, type ImprovementState } from './improvement.ts';

/** The options of `EarlyStopping`. */
export type EarlyStoppingOptions = ImprovementOptions;

/** The state of `EarlyStopping` as plain data, which can be written as JSON. */
export type EarlyStoppingState = ImprovementState;

/**
 * Decides when to stop training, by monitoring a value. Training should stop after more than `patience` values in a row
 * without improvement (Prechelt 1998, "Early stopping — but when?"). Values may be positive or negative.
 *
 * @example
 * const stopping = new EarlyStopping({ patience: 1 });
 * [3, 2, 2.5, 2.1].map((loss) => stopping.update(loss)); // [false, false, false, true]
 * stopping.best; // 2
 */
export class EarlyStopping {
  readonly #improvement: Improvement;

  constructor(options: EarlyStoppingOptions = {}) {
    this.#improvement = new Improvement('EarlyStopping', options);
  }

  /** Records a value, and returns whether to stop training. */
  update(value: number): boolean {
    this.#improvement.note(value);
    return this.#improvement.isOverdue;
  }

  /** The best value so far; null before the first value. */
  get best(): number | null {
    return this.#improvement.best;
  }

  /** The number of values since the best one. It is 0 if the last value is the best, so that the model is worth saving. */
  get sinceBest(): number {
    return this.#improvement.sinceBest;
  }

  state(): EarlyStoppingState {
    return this.#improvement.state();
  }

  /** Resumes from a saved state, but keeps the options. If the state can't be loaded, nothing changes. */
  load(state: EarlyStoppingState): void {
    this.#improvement.load('EarlyStopping.load', state);
  }
}
