/** The test page: it trains in a worker, and counts the frames that it draws meanwhile. */

import { Random, type Tensor, tensor } from '@tapegrad/core';
import { decodeSafetensors, loadState } from '@tapegrad/files';
import { lora } from '@tapegrad/train';
import { trainInWorker } from '@tapegrad/train/worker';
import { type FineTuning, network } from './training-worker.ts';

interface Outcome {
  readonly frames: number;
  readonly longestPause: number;
  readonly reports: number;
  readonly epochs: number;
  readonly end: string;
  readonly accuracy: number;
  readonly adapters: Readonly<Record<string, readonly number[]>>;
}

declare const requestAnimationFrame: (callback: (time: number) => void) => number;
declare const Worker: new (url: string, options: object) => Parameters<typeof trainInWorker>[0] & { terminate(): void };

/** Fine-tunes in a worker, and optionally stops after this many reports. */
async function fineTune(config: Omit<FineTuning, 'weights'>, file: number[], stopAfter = Infinity): Promise<Outcome> {
  const weights = Uint8Array.from(file);
  let [frames, reports, epochs, longestPause] = [0, 0, 0, 0];
  let last = performance.now();
  let isRunning = true;
  const frame = (): void => {
    frames++;
    longestPause = Math.max(longestPause, performance.now() - last);
    last = performance.now();
    if (isRunning) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const worker = new Worker('worker.js', { type: 'module' });
  const run = trainInWorker(worker, { ...config, weights } satisfies FineTuning, {
    onProgress: () => {
      if (++reports === stopAfter) run.stop();
    },
    onEpoch: () => {
      epochs++;
    },
  });
  const { end, model: adapterState } = await run.finished;
  isRunning = false;
  worker.terminate();
  const model = network();
  loadState(model, decodeSafetensors(weights).tensors);
  const adapters = lora(model, { rank: 2, alpha: 4, random: new Random(1) });
  adapters.load(adapterState);
  const scores = adapters.forward(tensor(config.x as number[][]) as never) as Tensor;
  const right = scores
    .argmax(1)
    .equal(tensor(config.y as number[], { dtype: 'int32' }))
    .cast('float32');
  return {
    ...{ frames, longestPause, reports, epochs, end },
    accuracy: right.mean().item(),
    adapters: Object.fromEntries(Object.entries(adapterState).map(([name, { data }]) => [name, [...data]])),
  };
}

Object.assign(globalThis, { fineTune });
