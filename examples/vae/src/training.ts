/** What an autoencoder is trained to make small, and training and testing with it. */

import { noGrad, Random, type Tensor } from '@tapegrad/core';
import { batches } from '@tapegrad/example-toolkit/batches';
import type { LabelledImages } from '@tapegrad/example-toolkit/labelled-images';
import { binaryCrossEntropy } from '@tapegrad/nn';
import type { Optimizer } from '@tapegrad/optim';
import { type Autoencoder, drawCodes, type Encoding, type Images } from './model.ts';

/** The parts of the negative evidence lower bound (ELBO), their sum, in nats a picture. */
export interface Score {
  /** How many pictures. */
  readonly count: number;
  /** Of the pixels, given the code: their binary cross-entropy. */
  readonly reconstruction: number;
  /** Kullback-Leibler divergence of the code's distribution from the standard normal one; 0 where it has none. */
  readonly divergence: number;
}

export const noScore: Score = { count: 0, reconstruction: 0, divergence: 0 };

/** The score over the pictures of two. */
export function combine(a: Score, b: Score): Score {
  const count = a.count + b.count;
  const mean = (x: number, y: number): number => (a.count * x + b.count * y) / count;
  return {
    count,
    reconstruction: mean(a.reconstruction, b.reconstruction),
    divergence: mean(a.divergence, b.divergence),
  };
}

/** The negative ELBO: what a picture costs in nats, its pixels and its code; of a plain autoencoder its pixels alone. */
export const total = ({ reconstruction, divergence }: Score): number => reconstruction + divergence;

/**
 * KL(N(mean, variance) || N(0, 1)) of each code, summed over all: 1/2 sum(variance + mean² - 1 - log variance).
 * Source: Kingma and Welling, "Auto-Encoding Variational Bayes" (2013), appendix B.
 */
export function divergenceFromNormal({ mean, logVariance }: Required<Encoding>): Tensor<readonly []> | undefined {
  return logVariance?.exp().add(mean.mul(mean)).sub(1).sub(logVariance).sum().mul(0.5);
}

/** The parts of the loss as tensors, and their mean over the pictures. */
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
  /** Shuffles, and draws codes. */
  readonly random: Random;
}

/** Trains with every picture once, in random order, and gives the score of each mini-batch before it was learned from. */
export function* trainEpoch(
  model: Autoencoder,
  optimizer: Optimizer,
  { images }: LabelledImages,
  { batch, random }: TrainOptions,
): Generator<Score, void, undefined> {
  model.train();
  for (const { x } of batches({ x: images }, { size: batch, random })) {
    let score = noScore;
    optimizer.minimize(() => {
      const result = lossOf(model, x, random);
      score = result.score;
      return result.loss;
    });
    yield score;
  }
}

/** The score on pictures that are not learned from, with one code drawn for each: the same draws every time. */
export function evaluate(model: Autoencoder, { images }: LabelledImages): Score {
  const random = new Random(0);
  model.eval();
  return noGrad(() => {
    const scores = [...batches({ x: images }, { size: 1000 })].map(({ x }) => lossOf(model, x, random).score);
    return scores.reduce(combine, noScore);
  });
}
