import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random, tensor, zeros } from '@tapegrad/core';
import { digitsFolder } from '@tapegrad/example-toolkit/digits';
import { readLabelledImages } from '@tapegrad/example-toolkit/labelled-images';
import { weightsSum } from '@tapegrad/example-toolkit/weights';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Autoencoder, drawCodes } from '../src/model.ts';
import { trainEpochs } from '../src/run.ts';
import { combine, divergenceFromNormal, evaluate, noScore, total } from '../src/training.ts';

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

test('combine weighs scores by their pictures', () => {
  const score = combine({ count: 1, reconstruction: 1, divergence: 4 }, { count: 3, reconstruction: 2, divergence: 0 });
  expect(score).toEqual({ count: 4, reconstruction: 1.75, divergence: 1 });
  expect(combine(noScore, score)).toEqual(score);
  expect(total(score)).toBe(2.75);
});

describe('trainEpochs', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vae-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const digits = readLabelledImages(digitsFolder(), 'train', { ink: { mean: 0, deviation: 1 }, limit: 300 });
  const start = (name: string, variational: boolean) => {
    const random = new Random(1);
    const model = new Autoencoder({ hidden: [32, 16], latent: 2, variational, random });
    const epochs = trainEpochs(
      model,
      { train: digits, test: digits },
      {
        ...{ epochs: 3, batch: 50, learningRate: 0.003, random, quiet: true },
        ...{ checkpoint: join(folder, name), settings: {}, resume: true },
      },
    );
    return { model, epochs };
  };

  test.each([
    ['variational', true],
    ['plain', false],
  ])('learns, and goes on after a stop with the same bits: %s', (name, variational) => {
    const whole = start(`${name}-whole`, variational);
    const wanted = Array.from(whole.epochs, (epoch) => ({ ...epoch, seconds: 0 }));
    expect(total(wanted[2]!.test)).toBeLessThan(total(wanted[0]!.test));
    expect(wanted.every(({ test }) => (variational ? test.divergence > 0 : test.divergence === 0))).toBe(true);
    expect(evaluate(whole.model, digits)).toEqual(wanted[2]!.test);

    start(`${name}-stopped`, variational).epochs.next();
    const resumed = start(`${name}-stopped`, variational);
    expect(Array.from(resumed.epochs, (epoch) => ({ ...epoch, seconds: 0 }))).toEqual(wanted);
    expect(weightsSum(resumed.model)).toBe(weightsSum(whole.model));
  });
});
