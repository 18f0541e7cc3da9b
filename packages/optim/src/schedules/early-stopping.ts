import { Improvement, type ImprovementOptions, type ImprovementState } from './improvement.ts';

/** The options of `EarlyStopping`. */
export type EarlyStoppingOptions = ImprovementOptions;

/** The state of `EarlyStopping` as plain data, safe in JSON. */
export type EarlyStoppingState = ImprovementState;

/**
 * Decides when to stop training, from a monitored value: after more than `patience` checks in a row without improvement
 * (Prechelt 1998, "Early stopping — but when?"). Values may have either sign.
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

  /** Records a value, and returns whether to stop. */
  update(value: number): boolean {
    this.#improvement.note(value);
    return this.#improvement.isOverdue;
  }

  /** The best value so far; null before the first. */
  get best(): number | null {
    return this.#improvement.best;
  }

  /** The number of values since the best one: 0 if the model is worth keeping. */
  get sinceBest(): number {
    return this.#improvement.sinceBest;
  }

  state(): EarlyStoppingState {
    return this.#improvement.state();
  }

  /** Resumes from a state, but keeps the options. If the state does not fit, nothing changes. */
  load(state: EarlyStoppingState): void {
    this.#improvement.load('EarlyStopping.load', state);
  }
}
