/** One step of training: losses, gradients, and the update of the weights. */

import type { Gradients, Parameter, Tensor } from '@tapegrad/core';
import { checkSynchronous } from '@tapegrad/core/extend';
import { GradientChain, type GradientTransform, type Optimizer, type TransformState } from '@tapegrad/optim';
import type { Outcome } from '../outcome.ts';
import type { LossFunction } from './evaluate.ts';
import { readBatch } from './source.ts';
import { outcomeOf } from './tally.ts';

/** Thrown when a loss is not finite. The weights have not been changed in that step. */
export class DivergenceError extends Error {
  override readonly name = 'DivergenceError';
}

/** Takes training steps, each on a group of batches. */
export class Stepper<Batch, O extends Outcome> {
  readonly #optimizer: Optimizer;
  readonly #loss: LossFunction<Batch, O>;
  readonly #chain: GradientChain | undefined;
  /** Whether the transforms keep tensors from step to step, which must not be freed with the other memory of a step. */
  readonly #keepsTensors: boolean;
  readonly #wanted: readonly Parameter[];

  constructor(optimizer: Optimizer, loss: LossFunction<Batch, O>, transforms: readonly GradientTransform[]) {
    this.#optimizer = optimizer;
    this.#loss = loss;
    this.#wanted = optimizer.groups.flatMap(({ parameters }) => [...parameters]);
    this.#chain = transforms.length === 0 ? undefined : new GradientChain(this.#wanted, transforms);
    this.#keepsTensors = transforms.some(({ remembers }) => remembers.length > 0);
  }

  /** The parameters of the optimizer. */
  get trained(): readonly Parameter[] {
    return this.#wanted;
  }

  /**
   * Computes the losses of some batches, and takes one step with the mean of their gradients, weighted by their numbers
   * of examples.
   *
   * @param add called with the outcome of each batch, whose tensors can be read until it returns
   * @throws DivergenceError if a loss is not finite; then the weights stay as they are.
   */
  step(group: readonly (Batch | (() => Batch))[], add: (outcome: O & { readonly count: number }) => void): void {
    const [batch] = group;
    if (group.length === 1 && !this.#keepsTensors) {
      this.#optimizer.minimize(
        () => this.#evaluate(batch!, add).loss,
        (gradients) => this.#changed(gradients),
      );
      return;
    }
    let sum: Gradients | undefined;
    let total = 0;
    for (const one of group) {
      const { loss, count } = this.#evaluate(one, add);
      const gradients = (loss as Tensor).backward({ wanted: this.#wanted }).scale(count);
      sum = sum?.add(gradients) ?? gradients;
      total += count;
    }
    if (sum !== undefined && total > 0) this.#optimizer.step(this.#changed(sum.scale(1 / total)));
  }

  #evaluate(
    given: Batch | (() => Batch),
    add: (outcome: O & { readonly count: number }) => void,
  ): O & { readonly count: number } {
    const batch = readBatch(given);
    const outcome = outcomeOf('Trainer', checkSynchronous('Trainer', this.#loss(batch), 'a loss function'), batch);
    const loss = outcome.loss.item();
    if (!Number.isFinite(loss)) {
      throw new DivergenceError(
        `Trainer: the loss is ${loss}; lower the learning rate, clip the gradients, or find the cause with detectAnomaly`,
      );
    }
    add(outcome);
    return outcome;
  }

  #changed(gradients: Gradients): Gradients {
    return this.#chain?.apply(gradients) ?? gradients;
  }

  state(): readonly TransformState[] {
    return this.#chain?.state() ?? [];
  }

  load(state: readonly TransformState[]): void {
    this.#chain?.load(state);
  }
}
