/** The loss of an autoencoder, and its training and test. */

import { noGrad, Random, type Tensor } from '@tapegrad/core';
import { DataLoader, fromTensors } from '@tapegrad/data';
import type { LabelledImages } from '@tapegrad/example-toolkit/labelled-images';
import { binaryCrossEntropy } from '@tapegrad/nn';
import type { Optimizer } from '@tapegrad/optim';
import { type Autoencoder, drawCodes, type Encoding, type Images } from './model.ts';

/** The terms of the negative evidence lower bound (ELBO), in nats per image. */
export interface Score {
  /** The number of images. */
  readonly count: number;
  /** The binary cross-entropy of the pixels, given the code. */
  readonly reconstruction: number;
  /** The Kullback-Leibler divergence of the code's distribution from the standard normal one; 0 in a plain autoencoder. */
  readonly divergence: number;
}

export const noScore: Score = { count: 0, reconstruction: 0, divergence: 0 };

/** Combines the scores on two sets of images. */
export function combine(a: Score, b: Score): Score {
  const count = a.count + b.count;
  const mean = (x: number, y: number): number => (a.count * x + b.count * y) / count;
  return {
    count,
    reconstruction: mean(a.reconstruction, b.reconstruction),
    divergence: mean(a.divergence, b.divergence),
  };
}

/**
 * Returns the negative ELBO: the cost of an image's pixels and its code in nats. For a plain autoencoder, only the
 * pixels count.
 */
export const total = ({ reconstruction, divergence }: Score): number => reconstruction + divergence;

/**
 * Computes KL(N(mean, variance) || N(0, 1)), summed over all codes: 1/2 sum(variance + mean² - 1 - log variance).
 * Source: Kingma and Welling, "Auto-Encoding Variational Bayes" (2013), appendix B.
 */
export function divergenceFromNormal({ mean, logVariance }: Required<Encoding>): Tensor<readonly []> | undefined {
  return logVariance?.exp().add(mean.mul(mean)).sub(1).sub(logVariance).sum().mul(0.5);
}

/** Computes the terms of the loss as tensors, and their mean over the images. */
function lossOf(model: Autoencoder, x: Images, random: Random) {
  const [count] = x.shape;
  const encoding = model.encode(x);
  const scores = model.decode(drawCodes(encoding, random));
  const pixels = binaryCrossEntropy(scores, x.reshape([count, 784]), { reduction: 'sum' });
  const divergence = divergenceFromNormal(encoding);
  const score: Score = {
    count,
    reconstruction: pixels.item() / count,
    divergence: (divergence?.item() ?? 0) / count,
  };
  return { loss: (divergence === undefined ? pixels : pixels.add(divergence)).div(count), score };
}

export interface TrainOptions {
  readonly batch: number;
  /** Shuffles the images, and draws codes. */
  readonly random: Random;
}

/** Trains once on every image, in random order. Yields the score of each mini-batch before its step. */
export function* trainEpoch(
  model: Autoencoder,
  optimizer: Optimizer,
  { images }: LabelledImages,
  { batch, random }: TrainOptions,
): Generator<Score, void, undefined> {
  model.train();
  for (const { x } of new DataLoader(fromTensors({ x: images }), { batchSize: batch, random })) {
    let score = noScore;
    optimizer.minimize(() => {
      const result = lossOf(model, x, random);
      score = result.score;
      return result.loss;
    });
    yield score;
  }
}

/**
 * Computes the score on images without training on them, with one code drawn for each. The draws are the same every
 * time.
 */
export function evaluate(model: Autoencoder, { images }: LabelledImages): Score {
  const random = new Random(0);
  model.eval();
  return noGrad(() => {
    const scores = Array.from(
      new DataLoader(fromTensors({ x: images }), { batchSize: 1000 }),
      ({ x }) => lossOf(model, x, random).score,
    );
    return scores.reduce(combine, noScore);
  });
}
