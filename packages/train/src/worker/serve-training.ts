/** Training inside a worker, on behalf of a page. */

import { ArgumentError } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';
import type { Hooks } from '../trainer/hooks.ts';
import type { Trainer } from '../trainer/trainer.ts';
import { now } from '../trainer/turns.ts';
import { listen, type Port, type Request, send } from './messages.ts';

/** Milliseconds between two reports of the progress: few enough to look smooth, and enough to be cheap. */
const REPORT_MILLISECONDS = 50;

/** Reports the progress to the page. */
function reports(port: Port): Hooks {
  let next = 0;
  return {
    onStep({ trainer, step, epoch, stepInEpoch, learningRate, scores }) {
      if (now() < next) return;
      const { stepsPerEpoch } = trainer.plan;
      send(port, {
        kind: 'progress',
        progress: { step, epoch, stepInEpoch, stepsPerEpoch, learningRate, scores: scores() },
      });
      next = now() + REPORT_MILLISECONDS;
    },
    onEpoch: ({ record }) => send(port, { kind: 'epoch', record }),
  };
}

/**
 * Trains in a worker when the page asks for it with `trainInWorker`. Call it once, in the worker's file.
 *
 * @param make makes the trainer from the configuration that the page sends; it may be asynchronous
 * @param port the port to listen to. Defaults to the scope of the worker.
 * @example
 * import { type Port, serveTraining } from '@tapegrad/train/worker';
 *
 * const serve = (port: Port) =>
 *   serveTraining((config: { rate: number }) => {
 *     const random = new Random(1);
 *     const model = new Dense(1, 1, { random });
 *     const optimizer = new SGD(model.parameters(), { learningRate: config.rate });
 *     const x = random.normal([32, 1]);
 *     return new Trainer({ model, optimizer, loss: supervised(model, mse), train: [{ x, y: x.mul(2) }], epochs: 50 });
 *   }, port);
 */
export function serveTraining<Config, Batch, Result>(
  make: (config: Config) => Trainer<Batch, Result> | Promise<Trainer<Batch, Result>>,
  port: Port = globalThis as unknown as Port,
): void {
  if (typeof make !== 'function') {
    throw new ArgumentError(`serveTraining: expected a function that makes a trainer, got ${describeValue(make)}`);
  }
  let current: Trainer<Batch, Result> | undefined;
  let isStopped = false;
  const train = async (config: Config): Promise<void> => {
    isStopped = false;
    current = await make(config);
    const trainer = current;
    const onStart = (): void => {
      if (isStopped) trainer.stop();
    };
    const result = await trainer.fit([{ onStart }, reports(port)]);
    send(port, { kind: 'end', result: { ...result, model: trainer.weights() } });
  };
  listen<Request>(port, (request) => {
    if (request.kind === 'stop') {
      isStopped = true;
      current?.stop();
      return;
    }
    train(request.config as Config).catch((error: unknown) => {
      send(port, { kind: 'error', message: error instanceof Error ? error.message : String(error) });
    });
  });
}
