/** The result of a training step, from which the loss and the metrics are computed. */

import { ArgumentError, type Tensor } from '@tapegrad/core';

/** The result of the loss function of a `Trainer`. Metrics may read additional fields of the result. */
export interface Outcome {
  /** The loss to minimise: a scalar, the mean over the examples. */
  readonly loss: Tensor;
  /** The output of the model. */
  readonly predictions?: Tensor;
  /** The correct output. */
  readonly targets?: Tensor;
  /**
   * The number of examples that the loss is a mean of. Defaults to the length of the first axis of the targets, or of
   * the predictions if there are no targets.
   */
  readonly count?: number;
}

/** The predictions for some examples, and the targets of these examples: the input of most metrics. */
export interface Predicted {
  readonly predictions: Tensor;
  readonly targets: Tensor;
}

/**
 * Returns the number of examples that an outcome was computed from.
 *
 * @throws ArgumentError if the outcome has neither a count nor tensors to read it from.
 */
export function countOf(call: string, { count, targets, predictions }: Omit<Outcome, 'loss'>): number {
  const found = count ?? targets?.shape?.[0] ?? predictions?.shape?.[0];
  if (found === undefined) {
    throw new ArgumentError(
      `${call}: the number of examples is unknown; return { loss, count } from the loss function`,
    );
  }
  if (!(found >= 0 && found < Infinity)) {
    throw new ArgumentError(`${call}: the count of examples is ${found}, expected a finite number >= 0`);
  }
  return found;
}
