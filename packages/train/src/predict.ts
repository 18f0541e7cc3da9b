/** The outputs of a model for all examples of a data set. */

import { ArgumentError, concat, noGrad, Tensor } from '@tapegrad/core';
import { checkOptions, checkSynchronous, describeValue } from '@tapegrad/core/extend';
import { Module } from '@tapegrad/nn';
import { inEvaluation } from './trainer/modes.ts';
import { passOf, readBatch, type Source } from './trainer/source.ts';
import { breaks } from './trainer/turns.ts';

/** The options of `predict`. */
export interface PredictOptions<Batch> {
  /** The model, which is put into evaluation mode during the call. */
  readonly model: Module;
  /** The batches, in the order of the result. */
  readonly batches: Source<Batch>;
  /**
   * Computes the output for a batch. Defaults to `model.forward` of the batch's `x`, or of the batch itself if it is a
   * tensor.
   */
  readonly forward?: (batch: Batch) => Tensor;
}

/** Returns the function that computes the model's output for the `x` of a batch. */
function forwardOf(model: Module): (batch: unknown) => Tensor {
  const { forward } = model as { forward?: unknown };
  if (typeof forward !== 'function') {
    throw new ArgumentError('predict: the model has no forward; give { forward: (batch) => … }');
  }
  return (batch) => {
    const x = batch instanceof Tensor ? batch : (batch as { x?: unknown } | undefined)?.x;
    if (x instanceof Tensor) return forward.call(model, x) as Tensor;
    throw new ArgumentError(`predict: expected tensors or batches { x, … } of tensors, got ${describeValue(batch)}`);
  };
}

/**
 * Computes the outputs of a model for batches of examples, in evaluation mode and without recording.
 *
 * @returns the outputs of all batches, joined along the first axis
 * @throws ArgumentError if there are no batches, or an output isn't a tensor with examples along its first axis;
 *   ShapeError if the other lengths of two outputs differ.
 * @example
 * const model = new Dense(2, 3, { random: new Random(1) });
 * const batches = new DataLoader(fromTensors({ x: zeros([100, 2]) }), { batchSize: 32 });
 * const scores = await predict({ model, batches });
 * scores.shape; // [100, 3]
 * scores.argmax(1).shape; // [100]
 */
export async function predict<Batch>(options: PredictOptions<Batch>): Promise<Tensor> {
  checkOptions('predict', options, ['model', 'batches', 'forward']);
  const { model, batches } = options;
  if (!(model instanceof Module)) throw new ArgumentError(`predict: expected a model, got ${describeValue(model)}`);
  const { forward = forwardOf(model) } = options;
  if (typeof forward !== 'function') {
    throw new ArgumentError(`predict: forward is ${describeValue(forward)}, expected a function of a batch`);
  }
  const outputs: Tensor[] = [];
  const pause = breaks();
  await inEvaluation(model, async () => {
    for await (const batch of passOf('predict', batches, 0)) {
      const output = noGrad(() => checkSynchronous('predict', forward(readBatch(batch)), 'forward'));
      if (!(output instanceof Tensor) || output.shape.length === 0) {
        throw new ArgumentError(
          `predict: expected a forward that returns tensors [n, …], got ${describeValue(output)}`,
        );
      }
      outputs.push(output);
      await pause();
    }
  });
  if (outputs.length === 0) throw new ArgumentError('predict: there are no batches');
  return noGrad(() => concat(outputs, 0));
}
