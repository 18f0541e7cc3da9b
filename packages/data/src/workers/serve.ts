import type { Source } from '../dataset/dataset.ts';
import { type BatchOptions, BatchReader, ExampleError } from '../loading/batch-reader.ts';
import { parentPort } from './host.ts';
import { type Answer, encodeBatch, type Wanted } from './messages.ts';

/** The dataset and the options from which a worker makes batches. They must be the same as the loader's. */
export interface ServedExamples<Example, Batch> extends BatchOptions<Example, Batch> {
  readonly dataset: Source<Example>;
}

/**
 * Reads batches for the `DataLoader` that started this worker. The worker's module calls this function once, with the
 * same dataset and functions as the loader. In a thread that is not a worker, it does nothing, so that the same module
 * can also export the dataset.
 *
 * @example
 * // The module examples.js: the main thread imports `dataset`, and workers run it.
 * const dataset = new Dataset(1000, (i) => ({ x: i, y: i * i }));
 * serveExamples({ dataset });
 */
export function serveExamples<Example, Batch>({ dataset, ...options }: ServedExamples<Example, Batch>): void {
  const port = parentPort();
  if (port === undefined) return;
  const reader = new BatchReader<Batch>(dataset, options as BatchOptions<never, Batch>);
  const answer = (message: Answer, buffers: ArrayBuffer[] = []) => port.postMessage(message, buffers);
  port.listen((message) => {
    const { tapegrad, id, ...request } = message as Wanted;
    if (tapegrad !== 'wanted') return;
    reader
      .readAsync(request)
      .then((batch) => {
        const { encoded, buffers } = encodeBatch(batch);
        answer({ tapegrad: 'batch', id, batch: encoded }, buffers);
      })
      .catch((error: unknown) => {
        const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
        const index = error instanceof ExampleError ? error.index : undefined;
        answer({ tapegrad: 'failed', id, index, error: { name, message, stack } });
      });
  });
  answer({ tapegrad: 'ready', length: dataset.length });
}
