/** Training for an epoch, and testing. */

import { noGrad, type Random, type Tensor } from '@tapegrad/core';
import { batches } from '@tapegrad/example-toolkit/batches';
import { crossEntropy } from '@tapegrad/nn';
import type { SGD } from '@tapegrad/optim';
import type { Digits } from './digits.ts';

/** A network from pixels to a score for each of the 10 digits, the higher the likelier. */
export interface Classifier {
  train(): void;
  eval(): void;
  forward(images: Tensor<readonly [number, 784]>): Tensor<readonly [number, 10]>;
}

/** How well some digits were read. */
export interface Score {
  /** How many digits. */
  readonly count: number;
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** Share of digits read right. */
  readonly accuracy: number;
}

/** An epoch of training, and the test after it. */
export interface Epoch {
  /** 1 for the first. */
  readonly number: number;
  /** The score of each mini-batch. */
  readonly steps: readonly Score[];
  /** The score over all mini-batches. */
  readonly training: Score;
  readonly test: Score;
  /** Of training. */
  readonly seconds: number;
}

/**
 * Trains with every digit once, in random order, and gives the score of each mini-batch: that of the network just before
 * it learned from it, with dropout.
 */
export function* trainEpoch(
  model: Classifier,
  optimizer: SGD,
  digits: Digits,
  { batch, random }: { readonly batch: number; readonly random: Random },
): Generator<Score, void, undefined> {
  model.train();
  for (const { x, y } of batches({ x: digits.images, y: digits.labels }, { size: batch, random })) {
    const scores = model.forward(x);
    const loss = crossEntropy(scores, y);
    optimizer.step(loss.backward());
    yield scoreOf(scores, y, loss);
  }
}

/** The score over no digits. */
export const noScore: Score = { count: 0, loss: 0, accuracy: 0 };

/** The score over the digits of two. */
export function combine(a: Score, b: Score): Score {
  const count = a.count + b.count;
  const mean = (x: number, y: number): number => (a.count * x + b.count * y) / count;
  return { count, loss: mean(a.loss, b.loss), accuracy: mean(a.accuracy, b.accuracy) };
}

/** What the network takes each digit for, and how sure it is. */
export interface Readings {
  readonly score: Score;
  /** 0 to 9. */
  readonly predicted: Int32Array;
  /** Probability of the predicted digit. */
  readonly confidence: Float32Array;
}

/** Has the network read digits without learning from them. */
export function evaluate(model: Classifier, digits: Digits): Readings {
  const predicted = new Int32Array(digits.count);
  const confidence = new Float32Array(digits.count);
  let score = noScore;
  model.eval();
  noGrad(() => {
    for (const { x, y } of batches({ x: digits.images, y: digits.labels }, { size: 1000 })) {
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
