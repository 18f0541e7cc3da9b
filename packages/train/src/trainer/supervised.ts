/** The usual loss function of a model, which compares its output for `x` with `y`. */

import { ArgumentError, Tensor } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';

/** A batch of inputs and targets. */
export interface SupervisedBatch {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** The loss of a batch, and the tensors that it is computed from. */
export interface SupervisedOutcome {
  readonly loss: Tensor;
  readonly predictions: Tensor;
  readonly targets: Tensor;
}

/**
 * Returns the loss function of a `Trainer` for a model that maps the `x` of a batch to predictions of its `y`.
 *
 * @param loss a loss of predictions and targets, for example `crossEntropy` or `mse`
 * @example
 * const model = new Dense(2, 1, { random: new Random(1) });
 * const { loss, predictions } = supervised(model, mse)({ x: zeros([4, 2]), y: ones([4, 1]) });
 * predictions.shape; // [4, 1]
 * loss.shape; // []
 */
export function supervised(
  model: { forward(x: never): unknown },
  loss: (predictions: Tensor, targets: Tensor) => Tensor,
): (batch: SupervisedBatch) => SupervisedOutcome {
  if (typeof model?.forward !== 'function' || typeof loss !== 'function') {
    throw new ArgumentError(
      `supervised: expected a model and a loss, supervised(model, crossEntropy), got ${describeValue(model)} and ` +
        describeValue(loss),
    );
  }
  return (batch) => {
    const { x, y } = batch ?? {};
    if (!(x instanceof Tensor && y instanceof Tensor)) {
      throw new ArgumentError(`supervised: expected batches { x, y } of tensors, got ${describeValue(batch)}`);
    }
    const predictions = model.forward(x as never) as Tensor;
    return { loss: loss(predictions, y), predictions, targets: y };
  };
}
