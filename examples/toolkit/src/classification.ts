/** Trains a classifier for an epoch, and tests it. */

import { noGrad, type Random, type Shape, type Tensor } from '@tapegrad/core';
import { DataLoader, fromTensors } from '@tapegrad/data';
import { crossEntropy } from '@tapegrad/nn';
import type { Optimizer } from '@tapegrad/optim';

/** A network that maps examples to a logit for each of `C` classes. */
export interface Classifier<Row extends Shape = Shape, C extends number = number> {
  train(): void;
  eval(): void;
  forward(x: Tensor<readonly [number, ...Row]>): Tensor<readonly [number, C]>;
}

/** Examples with their classes. */
export interface Labelled<Row extends Shape = Shape> {
  readonly count: number;
  readonly images: Tensor<readonly [number, ...Row]>;
  /** int32 */
  readonly labels: Tensor<readonly [number]>;
}

/** A batch of examples with their classes. */
interface LabelledBatch<Row extends Shape> {
  readonly x: Tensor<readonly [number, ...Row]>;
  readonly y: Tensor<readonly [number]>;
}

/** Returns labelled images as batches; in random order if there is a generator. */
export const batchesOf = <Row extends Shape>({ images, labels }: Labelled<Row>, batchSize: number, random?: Random) =>
  new DataLoader(
    fromTensors({ x: images, y: labels }),
    random === undefined ? { batchSize } : { batchSize, random },
  ) as DataLoader<unknown, LabelledBatch<Row>>;

/** The score of a classifier on some examples. */
export interface Score {
  /** The number of examples. */
  readonly count: number;
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** The share of examples classified correctly. */
  readonly accuracy: number;
}

/** The score over no examples. */
export const noScore: Score = { count: 0, loss: 0, accuracy: 0 };

/** Combines the scores on two sets of examples. */
export function combine(a: Score, b: Score): Score {
  const count = a.count + b.count;
  const mean = (x: number, y: number): number => (a.count * x + b.count * y) / count;
  return { count, loss: mean(a.loss, b.loss), accuracy: mean(a.accuracy, b.accuracy) };
}

export interface TrainOptions<Row extends Shape = Shape> {
  /** The number of examples in a mini-batch. */
  readonly batch: number;
  /** Draws the order of the examples. */
  readonly random: Random;
  /** Changes the examples of a mini-batch before the network receives them. */
  readonly augment?: (x: Tensor<readonly [number, ...Row]>) => Tensor<readonly [number, ...Row]>;
}

/**
 * Trains once on every example, in random order. Yields the score of each mini-batch just before its step, with dropout
 * and augmentation.
 */
export function* trainEpoch<Row extends Shape>(
  model: Classifier<Row>,
  optimizer: Pick<Optimizer, 'minimize'>,
  examples: Labelled<Row>,
  { batch, random, augment = (x) => x }: TrainOptions<Row>,
): Generator<Score, void, undefined> {
  model.train();
  for (const { x, y } of batchesOf(examples, batch, random)) {
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

/** The predicted class of each example, and the network's confidence. */
export interface Readings {
  readonly score: Score;
  /** The predicted classes. */
  readonly predicted: Int32Array;
  /** The probability of each predicted class. */
  readonly confidence: Float32Array;
}

/** Classifies examples without training on them. */
export function evaluate<Row extends Shape>(model: Classifier<Row>, examples: Labelled<Row>): Readings {
  const { count } = examples;
  const predicted = new Int32Array(count);
  const confidence = new Float32Array(count);
  let score = noScore;
  model.eval();
  noGrad(() => {
    for (const { x, y } of batchesOf(examples, 1000)) {
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
