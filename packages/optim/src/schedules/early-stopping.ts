import { Improvement, type ImprovementOptions, type ImprovementState } from './improvement.ts';

/** The options of `EarlyStopping`. */
export type EarlyStoppingOptions = ImprovementOptions;

/** As plain data, safe in JSON. */
export type EarlyStoppingState = ImprovementState;

/**
 * Tells when to stop, since a value that is watched no longer improves: once more than `patience` checks in a row bring no
 * improvement (Prechelt 1998, "Early stopping — but when?"). Values may have either sign.
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

  /** Notes a value; whether to stop. */
  update(value: number): boolean {
    this.#improvement.note(value);
    return this.#improvement.isOverdue;
  }

  /** The best value so far, null before the first. */
  get best(): number | null {
    return this.#improvement.best;
  }

  /** How many values came after the best: 0 when the model is worth keeping. */
  get sinceBest(): number {
    return this.#improvement.sinceBest;
  }

  state(): EarlyStoppingState {
    return this.#improvement.state();
  }

  /** Goes on from a state; the options stay. Where the state does not fit, nothing is changed. */
  load(state: EarlyStoppingState): void {
    this.#improvement.load('EarlyStopping.load', state);
  }
}
