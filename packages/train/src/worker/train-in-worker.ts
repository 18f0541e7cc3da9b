/** A run in a worker, from the page's side. */

import { checkOptions } from '@tapegrad/core/extend';
import type { Epoch } from '../trainer/history.ts';
import { listen, type Port, type Report, send, type TrainingProgress, type WorkerResult } from './messages.ts';

/** The options of `trainInWorker`. */
export interface WorkerTrainingOptions {
  /** Called at most every 50 milliseconds. */
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** Called after each epoch. */
  readonly onEpoch?: (record: Epoch) => void;
}

/** An error in the worker. */
export class WorkerTrainingError extends Error {
  override readonly name = 'WorkerTrainingError';
}

/** A run in a worker. */
export interface WorkerTraining {
  /** Resolves when the run ends; rejects with a `WorkerTrainingError` if it fails. */
  readonly finished: Promise<WorkerResult>;
  /** Ends the run after its current step. */
  stop(): void;
}

/**
 * Trains in a worker whose file calls `serveTraining`, so that the page stays responsive. The weights are returned as
 * the state of the model, which a model with the same layers on the page can load.
 *
 * @param worker a `Worker`, or a `MessagePort` to one
 * @param config the configuration from which the worker makes its trainer; it must be cloneable
 * @example
 * import { type Port, trainInWorker } from '@tapegrad/train/worker';
 *
 * async function train(worker: Port, model: Dense) {
 *   const run = trainInWorker(worker, { rate: 0.1 }, { onProgress: ({ scores }) => console.log(scores.loss) });
 *   model.load((await run.finished).model);
 * }
 */
export function trainInWorker(worker: Port, config: unknown, options: WorkerTrainingOptions = {}): WorkerTraining {
  checkOptions('trainInWorker', options, ['onProgress', 'onEpoch']);
  const finished = new Promise<WorkerResult>((resolve, reject) => {
    const end = listen<Report>(worker, (report) => {
      if (report.kind === 'progress') options.onProgress?.(report.progress);
      else if (report.kind === 'epoch') options.onEpoch?.(report.record);
      else {
        end();
        if (report.kind === 'end') resolve(report.result);
        else reject(new WorkerTrainingError(report.message));
      }
    });
    worker.addEventListener('error', (event) => {
      const { message = 'the worker failed' } = event as { readonly message?: string };
      end();
      reject(new WorkerTrainingError(message));
    });
  });
  send(worker, { kind: 'start', config });
  return { finished, stop: () => send(worker, { kind: 'stop' }) };
}
