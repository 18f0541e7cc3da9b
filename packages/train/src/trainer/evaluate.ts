/** Scores of a model on examples that it does not learn from. */

import { noGrad, type Tensor } from '@tapegrad/core';
import { checkSynchronous } from '@tapegrad/core/extend';
import type { Module } from '@tapegrad/nn';
import type { Metric } from '../metrics/metric.ts';
import type { Outcome } from '../outcome.ts';
import { inEvaluation } from './modes.ts';
import { passOf, readBatch, type Source } from './source.ts';
import { outcomeOf, Tally } from './tally.ts';
import { breaks } from './turns.ts';

/** Computes the loss of a batch, or an outcome with the loss and the other tensors that metrics need. */
export type LossFunction<Batch, O extends Outcome> = (batch: Batch) => O | Tensor;

/** Adds all batches of a source to a tally, without recording them on a tape. */
export async function tallyAll<Batch, O extends Outcome, Value>(
  call: string,
  tally: Tally<O, Value>,
  source: Source<Batch>,
  loss: LossFunction<Batch, O>,
  epoch = 0,
): Promise<void> {
  const pause = breaks();
  for await (const given of passOf(call, source, epoch)) {
    noGrad(() => {
      const batch = readBatch(given);
      tally.add(outcomeOf(call, checkSynchronous(call, loss(batch), 'a loss function'), batch));
    });
    tally.endStep();
    await pause();
  }
}

/** The options of `evaluate`. */
export interface EvaluateOptions<Batch, Result, Makers> {
  /** The model, which is put into evaluation mode during the call. */
  readonly model: Module;
  /** Computes the loss of a batch, and the tensors that the metrics need. */
  readonly loss: (batch: Batch) => Result & (Outcome | Tensor);
  readonly batches: Source<Batch>;
  /** For each name, a function that creates a metric. */
  readonly metrics?: Makers;
}

/** The values of metrics by name. */
type Values<Makers> = {
  readonly [Name in keyof Makers]: Makers[Name] extends () => Metric<never, infer Value> ? Value : never;
};

/**
 * Computes the mean loss and the metrics of a model over batches, in evaluation mode and without recording.
 *
 * @returns the mean loss, the number of examples, and the metrics' values by name
 * @example
 * const model = new Dense(2, 2, { random: new Random(1) });
 * const batches = [{ x: zeros([3, 2]), y: tensor([0, 1, 1], { dtype: 'int32' }) }];
 * const loss = supervised(model, crossEntropy);
 * const { count, table } = await evaluate({ model, loss, batches, metrics: { table: confusion } });
 * count; // 3
 * table.length; // 2
 */
export async function evaluate<
  Batch,
  Result,
  const Makers extends Readonly<Record<string, () => Metric<Result, unknown>>> = Record<never, never>,
>({
  model,
  loss,
  batches,
  metrics,
}: EvaluateOptions<Batch, Result, Makers>): Promise<
  { readonly loss: number; readonly count: number } & Values<Makers>
> {
  const tally = new Tally<Result & Outcome, unknown>('evaluate', metrics ?? {});
  await inEvaluation(model, () => tallyAll('evaluate', tally, batches, loss as LossFunction<Batch, Result & Outcome>));
  return { ...tally.values(), count: tally.count } as never;
}
