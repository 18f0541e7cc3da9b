/** A worker that fine-tunes a network trained by PyTorch, with low-rank adapters. */

import { Random, type Tensor, tensor } from '@tapegrad/core';
import { decodeSafetensors, loadState } from '@tapegrad/files';
import { crossEntropy, Dense, ReLU, Sequential } from '@tapegrad/nn';
import { Adam } from '@tapegrad/optim';
import { accuracy, lora, supervised, Trainer } from '@tapegrad/train';
import { serveTraining } from '@tapegrad/train/worker';

export interface FineTuning {
  /** The file of the pretrained network. */
  readonly weights: Uint8Array;
  readonly x: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly epochs: number;
}

/** The network stored in the file. */
export const network = () =>
  new Sequential(new Dense(4, 32), new ReLU(), new Dense(32, 32), new ReLU(), new Dense(32, 3));

/** Creates a trainer for adapters of the pretrained network. */
export function fineTuning({ weights, x, y, epochs }: FineTuning) {
  const model = network();
  loadState(model, decodeSafetensors(weights).tensors, { strict: true });
  const adapters = lora(model, { rank: 2, alpha: 4, random: new Random(1) });
  const trainer = new Trainer({
    model: adapters,
    optimizer: new Adam(adapters.parameters(), { learningRate: 0.02 }),
    loss: supervised(adapters, crossEntropy),
    train: [{ x: tensor(x as number[][]) as Tensor, y: tensor(y as number[], { dtype: 'int32' }) as Tensor }],
    metrics: { accuracy },
    epochs,
  });
  return { model, adapters, trainer };
}

declare const WorkerGlobalScope: unknown;
if (typeof WorkerGlobalScope !== 'undefined') serveTraining((config: FineTuning) => fineTuning(config).trainer);
