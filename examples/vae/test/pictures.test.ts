import { Random, tensor } from '@tapegrad/core';
import { mnist } from '@tapegrad/data/datasets';
import { describe, expect, test } from 'vitest';
import { latentSpace } from '../src/latent-space.ts';
import { Autoencoder } from '../src/model.ts';
import { elboCurve, reconstructions, samplesPicture, tiled } from '../src/pictures.ts';

const digits = await mnist('test', { limit: 30 });
const make = (variational: boolean) =>
  new Autoencoder({ hidden: [16, 8], latent: 2, variational, random: new Random(1) });

/** Removes the data of images, in which any letters may occur. */
const withoutImages = (svg: string) => svg.replaceAll(/base64,[^"]*/g, '');

test('tiled puts digits in rows', () => {
  const ink = new Float32Array(4 * 784);
  ink[0] = 1;
  ink[784 + 28] = 0.25;
  ink[2 * 784 + 1] = 1;
  const image = tiled(tensor(ink, { shape: [4, 1, 28, 28] }), 2);
  expect(image.shape).toEqual([1, 56, 56]);
  const inked = [...image.data].flatMap((value, i) => (value > 0 ? [[i % 56, Math.floor(i / 56), value]] : []));
  expect(inked).toEqual([
    [0, 0, 1],
    [28, 1, 0.25],
    [1, 28, 1],
  ]);
});

describe.each([
  ['a variational autoencoder', true],
  ['a plain autoencoder', false],
])('of %s', (_, variational) => {
  const model = make(variational);

  test('latentSpace shows a dot for every digit', () => {
    const svg = latentSpace(model, digits);
    expect(svg.match(/<circle /g)).toHaveLength(30);
    expect(svg.match(/<image /g)).toHaveLength(1);
    expect(withoutImages(svg)).not.toMatch(/NaN|undefined/);
  });

  test('latentSpace copes with codes that are all the same', async () => {
    const svg = latentSpace(model, await mnist('test', { limit: 1 }));
    expect(withoutImages(svg)).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('reconstructions stand below the originals', () => {
    const svg = reconstructions(model, digits, 'title');
    expect(svg.match(/<image /g)).toHaveLength(1);
    expect(svg).toContain('reconstructed');
    expect(withoutImages(svg)).not.toMatch(/NaN|undefined/);
  });
});

test('samplesPicture is decided by the seed', () => {
  const model = make(true);
  const draw = (seed: number) => samplesPicture(model, 2, new Random(seed));
  expect(draw(1)).toBe(draw(1));
  expect(draw(1)).not.toBe(draw(2));
});

test('elboCurve shows the loss and both terms', () => {
  const scores = (loss: number) => ({ loss, pixels: loss - 1, code: 1 });
  const point = (step: number) => ({ step, epoch: step, steps: 1, learningRate: 1, scores: scores(200 / step) });
  const epoch = (number: number) => ({
    ...{ epoch: number, step: number, examples: 1, seconds: 1, learningRate: 1, isBest: true },
    ...{ training: scores(200 / number), validation: scores(190 / number) },
  });
  const svg = elboCurve({ points: [point(1), point(2)], epochs: [epoch(1), epoch(2)] });
  for (const title of ['Loss', 'Pixels: cross-entropy', 'Code: divergence']) expect(svg).toContain(title);
});
