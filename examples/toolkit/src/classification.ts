/** Training a classifier for an epoch, and testing it. */

import { noGrad, type Random, type Shape, type Tensor } from '@tapegrad/core';
import { crossEntropy } from '@tapegrad/nn';
import type { Optimizer } from '@tapegrad/optim';
import { batches } from './batches.ts';

/** A network from examples to a score for each of `C` classes, the higher the likelier. */
export interface Classifier<Row extends Shape = Shape, C extends number = number> {
  train(): void;
  eval(): void;
  forward(x: Tensor<readonly [number, ...Row]>): Tensor<readonly [number, C]>;
}

/** Examples, and the class of each. */
export interface Labelled<Row extends Shape = Shape> {
  readonly count: number;
  readonly images: Tensor<readonly [number, ...Row]>;
  /** int32 */
  readonly labels: Tensor<readonly [number]>;
}

/** How well some examples were classified. */
export interface Score {
  /** How many examples. */
  readonly count: number;
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** Share of examples classified right. */
  readonly accuracy: number;
}

/** The score over no examples. */
export const noScore: Score = { count: 0, loss: 0, accuracy: 0 };

/** The score over the examples of two. */
export function combine(a: Score, b: Score): Score {
  const count = a.count + b.count;
  const mean = (x: number, y: number): number => (a.count * x + b.count * y) / count;
  return { count, loss: mean(a.loss, b.loss), accuracy: mean(a.accuracy, b.accuracy) };
}

export interface TrainOptions<Row extends Shape = Shape> {
  /** Examples in a mini-batch. */
  readonly batch: number;
  /** Of the order of the examples. */
  readonly random: Random;
  /** Changes the examples of a mini-batch before the network sees them. */
  readonly augment?: (x: Tensor<readonly [number, ...Row]>) => Tensor<readonly [number, ...Row]>;
}

/**
 * Trains with every example once, in random order, and gives the score of each mini-batch: that of the network just before
 * it learned from it, with dropout and what else training brings.
 */
export function* trainEpoch<Row extends Shape>(
  model: Classifier<Row>,
  optimizer: Pick<Optimizer, 'minimize'>,
  { images, labels }: Labelled<Row>,
  { batch, random, augment = (x) => x }: TrainOptions<Row>,
): Generator<Score, void, undefined> {
  model.train();
  for (const { x, y } of batches({ x: images, y: labels }, { size: batch, random })) {
    let score = noScore;
    optimizer.minimize(() => {
      const scores = model.forward(augment(x));
      const loss = crossEntropy(scores, y);
      score = scoreOf(scores, y, loss);
      return loss;
    });
    yield score;
  }
}

/** What the network takes each example for, and how sure it is. */
export interface Readings {
  readonly score: Score;
  /** Classes. */
  readonly predicted: Int32Array;
  /** Probability of the predicted class. */
  readonly confidence: Float32Array;
}

/** Has the network classify examples without learning from them. */
export function evaluate<Row extends Shape>(
  model: Classifier<Row>,
  { count, images, labels }: Labelled<Row>,
): Readings {
  const predicted = new Int32Array(count);
  const confidence = new Float32Array(count);
  let score = noScore;
  model.eval();
  noGrad(() => {
    for (const { x, y } of batches({ x: images, y: labels }, { size: 1000 })) {
      const scores = model.forward(x);
      predicted.set(scores.argmax(1).data, score.count);
      confidence.set(scores.softmax(1).max(1).data, score.count);
      score = combine(score, scoreOf(scores, y, crossEntropy(scores, y)));
    }
  });
  return { score, predicted, confidence };
}

function scoreOf(scores: Tensor, labels: Tensor, loss: Tensor): Score {
  const count = labels.size;
  const right = scores.detach().argmax(1).equal(labels).cast('int32').sum();
  return { count, loss: loss.item(), accuracy: right.item() / count };
}
