import { Random, tensor, zeros } from '@tapegrad/core';
import { mnist } from '@tapegrad/data/datasets';
import { describe, expect, test } from 'vitest';
import { Autoencoder, drawCodes } from '../src/model.ts';
import { divergenceFromNormal, negativeElbo, trainerOf } from '../src/training.ts';

describe('divergenceFromNormal', () => {
  test.each([
    ['the normal distribution itself', 0, 1, 0],
    ['another mean', 2, 1, 2],
    ['another variance', 0, 4, (4 - 1 - Math.log(4)) / 2],
    ['both', -1, 0.5, (0.5 + 1 - 1 - Math.log(0.5)) / 2],
  ])('of %s', (_, mean, variance, expected) => {
    const encoding = { mean: tensor([[mean]]), logVariance: tensor([[Math.log(variance)]]) };
    expect(divergenceFromNormal(encoding)?.item()).toBeCloseTo(expected, 6);
  });

  test('is none of a code that is a point', () => {
    expect(divergenceFromNormal({ mean: zeros([1, 2]), logVariance: undefined })).toBeUndefined();
  });
});

test('drawCodes draws around the mean with the deviation', () => {
  const mean = tensor(new Float32Array(20_000).fill(3), { shape: [10_000, 2] });
  const logVariance = tensor(new Float32Array(20_000).fill(Math.log(0.25)), { shape: [10_000, 2] });
  const codes = drawCodes({ mean, logVariance }, new Random(1));
  expect(codes.mean().item()).toBeCloseTo(3, 1);
  expect(codes.variance().item()).toBeCloseTo(0.25, 1);
  expect(drawCodes({ mean, logVariance: undefined }, new Random(1))).toBe(mean);
});

const { x: digits } = await mnist('train', { limit: 300 });
const make = (variational: boolean) =>
  new Autoencoder({ hidden: [32, 16], latent: 2, variational, random: new Random(1) });

test.each([
  ['variational', true],
  ['plain', false],
])('the loss of a %s autoencoder is the sum of its terms for one image', (_, variational) => {
  const { loss, pixels, code, count } = negativeElbo(make(variational), digits.slice(0, 0, 20), new Random(2));
  expect(count).toBe(20);
  expect(loss.item()).toBeCloseTo(pixels.item() + (code?.item() ?? 0), 3);
  // Nearly even guesses at first: ln 2 for each of 784 pixels.
  expect(pixels.item() / (784 * Math.LN2)).toBeCloseTo(1, 1);
});

describe('trainerOf', () => {
  const start = (variational: boolean) => {
    const model = make(variational);
    const options = { epochs: 3, batch: 50, learningRate: 0.003, random: new Random(2) };
    return { model, trainer: trainerOf(model, { ...options, train: digits, test: digits }) };
  };

  test.each([
    ['variational', true],
    ['plain', false],
  ])('learns, and goes on after a stop with the same bits: %s', async (_, variational) => {
    const whole = start(variational);
    const { epochs } = (await whole.trainer.fit()).history;
    const [first, , last] = epochs.map(({ validation }) => validation!);
    expect(last!.loss).toBeLessThan(first!.loss);
    expect(last!.loss).toBeCloseTo(last!['pixels']! + last!['code']!, 3);
    expect(last!['code']! > 0).toBe(variational);

    const stopped = start(variational);
    await stopped.trainer.fit({ onStep: ({ step, trainer }) => (step === 8 ? trainer.stop() : undefined) });
    const resumed = start(variational);
    resumed.trainer.load(stopped.trainer.state());
    await resumed.trainer.fit();
    expect(resumed.model.state()).toEqual(whole.model.state());
  });
});
