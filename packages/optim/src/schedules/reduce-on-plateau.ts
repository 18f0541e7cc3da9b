import { checkKnown, checkNotNegative, checkShare, checkState, checkWhole } from '../options.ts';
import { Improvement, type ImprovementOptions, type ImprovementState, improvementNames } from './improvement.ts';

/** The options of `ReduceOnPlateau`. */
export interface ReduceOnPlateauOptions extends ImprovementOptions {
  /** What the rate is multiplied by. Defaults to 0.1. */
  readonly factor?: number;
  /** How many checks after a reduction do not count. Defaults to 0. */
  readonly cooldown?: number;
  /** The smallest rate. Defaults to 0. */
  readonly minLearningRate?: number;
  /** A reduction by less than this is not made. Defaults to 1e-8. */
  readonly eps?: number;
}

/** As plain data, safe in JSON. */
export interface ReduceOnPlateauState extends ImprovementState {
  readonly learningRate: number;
  /** How many more checks do not count. */
  readonly cooldown: number;
}

/**
 * A learning rate that is reduced when a value that is watched stops to improve: once more than `patience` checks in a row bring
 * no improvement, the rate is multiplied by `factor`.
 *
 * For positive values as PyTorch's ReduceLROnPlateau. Negative ones, such as log-likelihoods, have to improve by `threshold` as
 * well, where PyTorch's takes values for better that are worse.
 *
 * @example
 * const plateau = new ReduceOnPlateau(0.1, { patience: 1, factor: 0.5 });
 * [3, 2, 2, 2, 2].map((loss) => plateau.update(loss)); // [0.1, 0.1, 0.1, 0.05, 0.05]
 */
export class ReduceOnPlateau {
  readonly #improvement: Improvement;
  readonly #options: {
    readonly factor: number;
    readonly cooldown: number;
    readonly minLearningRate: number;
    readonly eps: number;
  };
  #learningRate: number;
  #cooldown = 0;

  /** @param learningRate before any reduction. */
  constructor(learningRate: number, options: ReduceOnPlateauOptions = {}) {
    const call = 'ReduceOnPlateau';
    checkKnown(call, options, ['factor', 'cooldown', 'minLearningRate', 'eps', ...improvementNames]);
    const { factor = 0.1, cooldown = 0, minLearningRate = 0, eps = 1e-8, ...improvement } = options;
    checkNotNegative(call, 'learningRate', learningRate);
    checkShare(call, 'factor', factor);
    checkWhole(call, 'cooldown', cooldown);
    checkNotNegative(call, 'minLearningRate', minLearningRate);
    checkNotNegative(call, 'eps', eps);
    this.#improvement = new Improvement(call, improvement);
    this.#options = { factor, cooldown, minLearningRate, eps };
    this.#learningRate = learningRate;
  }

  get learningRate(): number {
    return this.#learningRate;
  }

  /** Notes a value, and gives the learning rate from here on. */
  update(value: number): number {
    this.#improvement.note(value);
    if (this.#cooldown > 0) {
      this.#cooldown--;
      this.#improvement.sinceBest = 0;
    }
    if (this.#improvement.isOverdue) {
      const { factor, cooldown, minLearningRate, eps } = this.#options;
      const reduced = Math.max(this.#learningRate * factor, minLearningRate);
      if (this.#learningRate - reduced > eps) this.#learningRate = reduced;
      this.#cooldown = cooldown;
      this.#improvement.sinceBest = 0;
    }
    return this.#learningRate;
  }

  state(): ReduceOnPlateauState {
    return { ...this.#improvement.state(), learningRate: this.#learningRate, cooldown: this.#cooldown };
  }

  /** Goes on from a state; the options stay. Where the state does not fit, nothing is changed. */
  load(state: ReduceOnPlateauState): void {
    const call = 'ReduceOnPlateau.load';
    checkState(call, state);
    checkNotNegative(call, 'learningRate', state.learningRate);
    checkWhole(call, 'cooldown', state.cooldown);
    this.#improvement.load(call, state);
    this.#learningRate = state.learningRate;
    this.#cooldown = state.cooldown;
  }
}
