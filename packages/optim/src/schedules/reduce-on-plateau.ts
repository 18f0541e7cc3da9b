import { checkKnown, checkNotNegative, checkShare, checkState, checkWhole } from '../options.ts';
import { Improvement, type ImprovementOptions, type ImprovementState, improvementNames } from './improvement.ts';

/** The options of `ReduceOnPlateau`. */
export interface ReduceOnPlateauOptions extends ImprovementOptions {
  /** The factor by which the rate is multiplied at each reduction. Defaults to 0.1. */
  readonly factor?: number;
  /** The number of values to ignore after a reduction. Defaults to 0. */
  readonly cooldown?: number;
  /** The lower bound of the rate. Defaults to 0. */
  readonly minLearningRate?: number;
  /** The smallest reduction: smaller ones are skipped. Defaults to 1e-8. */
  readonly eps?: number;
}

/** The state of `ReduceOnPlateau` as plain data, which can be written as JSON. */
export interface ReduceOnPlateauState extends ImprovementState {
  readonly learningRate: number;
  /** The number of further values to ignore. */
  readonly cooldown: number;
}

/**
 * Reduces a learning rate when a monitored value stops improving. After more than `patience` values in a row without
 * improvement, the rate is multiplied by `factor`.
 *
 * For positive values, the result equals that of PyTorch's ReduceLROnPlateau. Negative values, such as log-likelihoods,
 * must also improve by `threshold`. PyTorch counts some worse negative values as improvements.
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

  /** @param learningRate The rate before any reduction. */
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

  /** Records a value, and returns the learning rate to use from now on. */
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

  /** Resumes from a saved state, but keeps the options. If the state can't be loaded, nothing changes. */
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
