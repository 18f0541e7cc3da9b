/** The loss of an autoencoder, the negative evidence lower bound (ELBO), and its training. */

import type { Random, Tensor } from '@tapegrad/core';
import { DataLoader, fromTensors } from '@tapegrad/data';
import { binaryCrossEntropy } from '@tapegrad/nn';
import { Adam, cosine } from '@tapegrad/optim';
import { meanOf, Trainer } from '@tapegrad/train';
import { type Autoencoder, drawCodes, type Encoding, type Images } from './model.ts';

/** The loss of some images and its terms, each in nats per image. */
export interface Terms {
  readonly loss: Tensor<readonly []>;
  /** The binary cross-entropy of the pixels, given the code. */
  readonly pixels: Tensor<readonly []>;
  /** The Kullback-Leibler divergence of the code's distribution from the standard normal one. */
  readonly code: Tensor<readonly []> | undefined;
  /** The number of images. */
  readonly count: number;
}

/**
 * Computes KL(N(mean, variance) || N(0, 1)), summed over all codes: 1/2 sum(variance + mean² - 1 - log variance).
 * Source: Kingma and Welling, "Auto-Encoding Variational Bayes" (2013), appendix B. The codes of a plain autoencoder
 * have no distribution, and cost nothing.
 */
export function divergenceFromNormal({ mean, logVariance }: Encoding): Tensor<readonly []> | undefined {
  return logVariance?.exp().add(mean.mul(mean)).sub(1).sub(logVariance).sum().mul(0.5);
}

/** Computes the negative ELBO, with one code drawn for each image. */
export function negativeElbo(model: Autoencoder, x: Images, random: Random): Terms {
  const [count] = x.shape;
  const encoding = model.encode(x);
  const scores = model.decode(drawCodes(encoding, random));
  const pixels = binaryCrossEntropy(scores, x.reshape([count, 784]), { reduction: 'sum' }).div(count);
  const code = divergenceFromNormal(encoding)?.div(count);
  return { loss: code === undefined ? pixels : pixels.add(code), pixels, code, count };
}

export interface TrainingOptions {
  /** The digits to train with. */
  readonly train: Images;
  /** The digits to test with after each epoch. */
  readonly test: Images;
  readonly epochs: number;
  /** The number of digits in a mini-batch. */
  readonly batch: number;
  readonly learningRate: number;
  /** Shuffles the digits, and draws codes. */
  readonly random: Random;
}

/** Returns the trainer of an autoencoder, which also computes the means of both terms of the loss. */
export const trainerOf = (model: Autoencoder, options: TrainingOptions): Trainer<{ readonly x: Images }, Terms> => {
  const { train, test, epochs, batch, learningRate, random } = options;
  return new Trainer({
    model,
    optimizer: new Adam(model.parameters(), { learningRate }),
    loss: ({ x }) => negativeElbo(model, x, random),
    metrics: {
      pixels: () => meanOf(({ pixels }: Terms) => pixels.item()),
      code: () => meanOf(({ code }: Terms) => code?.item() ?? 0),
    },
    train: new DataLoader(fromTensors({ x: train }), { batchSize: batch, random }),
    validation: new DataLoader(fromTensors({ x: test }), { batchSize: 1000 }),
    schedule: cosine(learningRate, { steps: epochs }),
    scheduleBy: 'epochs',
    epochs,
    random,
  });
};
