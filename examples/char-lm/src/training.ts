/** Trains a language model on windows of a text, and tests it on other text. */

import type { Random, Tensor } from '@tapegrad/core';
import { DataLoader, windows } from '@tapegrad/data';
import { crossEntropy } from '@tapegrad/nn';
import { AdamW, clipByNorm, cosine, warmUp } from '@tapegrad/optim';
import { evaluate, Trainer } from '@tapegrad/train';
import type { Corpus, Encoded } from './corpus.ts';
import type { Characters, LanguageModel } from './models.ts';

export interface PieceOptions {
  /** The number of pieces in a mini-batch. */
  readonly batch: number;
  /** The number of characters in a piece. */
  readonly context: number;
}

/** Cuts a text into pieces that don't overlap. Each also has the character that follows it. */
const consecutive = (text: Encoded, { batch, context }: PieceOptions): DataLoader<unknown, Characters> =>
  new DataLoader(windows(text, { length: context + 1, stride: context }), { batchSize: batch });

/** Computes the mean cross-entropy, in nats, of each character of the pieces given those before it. */
function lossOf(model: LanguageModel, pieces: Characters): { readonly loss: Tensor; readonly count: number } {
  const scores = model.forward(pieces.slice(1, 0, -1) as Characters);
  const targets = pieces.slice(1, 1);
  const loss = crossEntropy(scores.reshape([targets.size, scores.shape[2]]), targets.reshape([targets.size]));
  return { loss, count: targets.size };
}

/** Computes the loss on a text, in nats per character, predicting each character from those before it in its piece. */
export async function lossOn(model: LanguageModel, text: Encoded, options: PieceOptions): Promise<number> {
  const batches = consecutive(text, options);
  return (await evaluate({ model, batches, loss: (pieces) => lossOf(model, pieces) })).loss;
}

export interface TrainingOptions extends PieceOptions {
  /** The number of mini-batches. */
  readonly steps: number;
  /** The number of rounds, each of which ends with a test. */
  readonly rounds: number;
  /** The largest step size. */
  readonly learningRate: number;
  /** Chooses the pieces. */
  readonly random: Random;
}

/** The number of held-out characters on which a round is tested. */
const TESTED = 16_384;

/** Returns the trainer of a language model on random pieces of a text. Its epochs are rounds of some steps. */
export function trainerOf(
  model: LanguageModel,
  { training, heldOut }: Corpus,
  { steps, rounds, batch, context, learningRate, random }: TrainingOptions,
): Trainer<Characters> {
  const tested = heldOut.slice(0, 0, Math.min(heldOut.size, TESTED + 1)) as Encoded;
  return new Trainer({
    model,
    optimizer: new AdamW(model.parameters(), { learningRate }),
    loss: (pieces: Characters) => lossOf(model, pieces),
    train: new DataLoader(windows(training, { length: context + 1 }), { batchSize: batch, random }),
    validation: consecutive(tested, { batch, context }),
    transforms: [clipByNorm(1)],
    schedule: warmUp(cosine(learningRate, { steps, end: learningRate / 20 }), { steps: Math.ceil(steps / 20) }),
    steps,
    stepsPerEpoch: Math.ceil(steps / rounds),
  });
}
