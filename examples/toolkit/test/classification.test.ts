import { Random } from '@tapegrad/core';
import { combine, evaluate, noScore, trainEpoch } from '@tapegrad/example-toolkit/classification';
import { loadDigits } from '@tapegrad/example-toolkit/digits';
import { weightsSum } from '@tapegrad/example-toolkit/weights';
import { Dense, Dropout, Flatten, ReLU, Sequential } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { describe, expect, test } from 'vitest';

const digits = loadDigits('train', 600);

/** Trains a small network for an epoch. */
function run(seed: number) {
  const random = new Random(seed);
  const model = new Sequential(
    new Flatten(),
    new Dense(784, 16, { random }),
    new ReLU(),
    new Dropout(0.2, { random }),
    new Dense(16, 10, { random }),
  );
  const optimizer = new SGD(model.parameters(), { learningRate: 0.05, momentum: 0.9, weightDecay: 1e-4 });
  const steps = [...trainEpoch(model, optimizer, digits, { batch: 32, random })];
  return { model, steps, readings: evaluate(model, digits) };
}

describe('a training run', () => {
  const { model, steps, readings } = run(1);

  test('gives the same numbers for the same seed', () => {
    const again = run(1);
    expect(again.steps).toEqual(steps);
    expect(again.readings).toEqual(readings);
    expect(weightsSum(again.model)).toBe(weightsSum(model));
  });

  test('gives others for another seed', () => {
    const other = run(2);
    expect(other.steps).not.toEqual(steps);
    expect(weightsSum(other.model)).not.toBe(weightsSum(model));
  });

  test('learns with every digit once', () => {
    const { count, loss } = steps.reduce(combine, noScore);
    expect(count).toBe(600);
    expect(steps).toHaveLength(Math.ceil(600 / 32));
    expect(readings.score.loss).toBeLessThan(loss);
    expect(readings.score.accuracy).toBeGreaterThan(0.5);
  });

  test('scores the readings that it gives', () => {
    const right = readings.predicted.filter((digit, i) => digit === digits.labels.data[i]).length;
    expect(readings.score.count).toBe(600);
    expect(readings.score.accuracy).toBe(right / 600);
    expect(readings.confidence.every((share) => share >= 0.1 && share <= 1)).toBe(true);
  });

  test('leaves the network as it is when it is tested', () => {
    const before = weightsSum(model);
    expect(evaluate(model, digits)).toEqual(readings);
    expect(weightsSum(model)).toBe(before);
  });
});

test('combine weighs scores by their digits', () => {
  const score = combine({ count: 1, loss: 1, accuracy: 1 }, { count: 3, loss: 2, accuracy: 0 });
  expect(score).toEqual({ count: 4, loss: 1.75, accuracy: 0.25 });
  expect(combine(noScore, score)).toEqual(score);
});
