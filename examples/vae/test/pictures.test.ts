import { Random } from '@tapegrad/core';
import { digitsFolder } from '@tapegrad/example-toolkit/digits';
import { readLabelledImages } from '@tapegrad/example-toolkit/labelled-images';
import { describe, expect, test } from 'vitest';
import { latentSpace } from '../src/latent-space.ts';
import { Autoencoder } from '../src/model.ts';
import { learningCurve, reconstructions, samplesPicture } from '../src/pictures.ts';
import { tiled } from '../src/tiles.ts';

const digits = readLabelledImages(digitsFolder(), 'test', { ink: { mean: 0, deviation: 1 }, limit: 30 });
const make = (variational: boolean) =>
  new Autoencoder({ hidden: [16, 8], latent: 2, variational, random: new Random(1) });

test('tiled puts digits in rows, dark on light', () => {
  const ink = new Float32Array(3 * 784);
  ink[0] = 1;
  ink[784 + 28] = 0.2;
  ink[2 * 784 + 1] = 1;
  const { width, height, pixels } = tiled(ink, 2);
  expect([width, height]).toEqual([56, 56]);
  const dark = [...pixels].flatMap((light, place) =>
    light < 255 ? [[place % 56, Math.floor(place / 56), light]] : [],
  );
  expect(dark).toEqual([
    [0, 0, 0],
    [28, 1, 204],
    [1, 28, 0],
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
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  test('latentSpace copes with codes that are all the same', () => {
    const single = readLabelledImages(digitsFolder(), 'test', { ink: { mean: 0, deviation: 1 }, limit: 1 });
    expect(latentSpace(model, single)).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('reconstructions stand below the originals', () => {
    const svg = reconstructions(model, digits, 'title');
    expect(svg.match(/<image /g)).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});

test('samplesPicture is decided by the seed', () => {
  const model = make(true);
  const draw = (seed: number) => samplesPicture(model, 2, new Random(seed));
  expect(draw(1)).toBe(draw(1));
  expect(draw(1)).not.toBe(draw(2));
});

test('learningCurve copes with a run that diverges', () => {
  const score = (loss: number) => ({ count: 1, reconstruction: loss, divergence: 1 });
  const epoch = (number: number, loss: number) => ({ number, training: score(loss), test: score(loss), seconds: 1 });
  expect(learningCurve([epoch(1, 200), epoch(2, 150)])).not.toMatch(/NaN|undefined/);
  expect(learningCurve([epoch(1, Number.NaN)])).not.toMatch(/NaN|undefined|Infinity/);
});
