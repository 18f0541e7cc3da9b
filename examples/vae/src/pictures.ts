/** Draws reconstructions, generated digits, and the learning curve of an autoencoder. */

import { axisX, axisY, dot, gridY, lineY } from '@observablehq/plot';
import { noGrad, type Random } from '@tapegrad/core';
import { type GrayImage, imageElement } from '@tapegrad/example-toolkit/gray-image';
import { type LabelledImages, SIDE } from '@tapegrad/example-toolkit/labelled-images';
import { COLORS, chart, figure, type Panel, text } from '@tapegrad/train/plot';
import type { Autoencoder, Codes, Images } from './model.ts';
import type { Epoch } from './report.ts';
import { decoded, tiled } from './tiles.ts';
import { type Score, total } from './training.ts';

/** The size of a digit in pixels, and of the text next to a row. */
const TILE = 56;
const WORDS = 110;

/** Draws digits above their reconstructions: two of each, if there are enough. */
export function reconstructions(model: Autoencoder, digits: LabelledImages, title: string): string {
  const labels = [...digits.labels.data];
  const places = Array.from({ length: 10 }, (_, digit) =>
    labels.flatMap((label, i) => (label === digit ? [i] : [])).slice(0, 2),
  ).flat();
  const originals = places.map((i) => digits.images.slice(0, i, i + 1) as Images);
  const again = originals.map((x) =>
    decoded(
      model,
      noGrad(() => model.encode(x).mean),
    ),
  );
  const flat = (parts: readonly ArrayLike<number>[]): number[] => parts.flatMap((part) => Array.from(part));
  const row = (words: string, ink: readonly number[], y: number): string =>
    text(words, { x: 0, y: y + TILE / 2 + 4, size: 13 }) + pictureAt(tiled(ink, places.length), WORDS, y);
  return figure({
    title,
    subtitle: 'Test digits, which were not learned from, and the same decoded from their codes',
    panels: [
      {
        svg: row('original', flat(originals.map(({ data }) => data)), 0) + row('reconstructed', flat(again), TILE + 6),
        width: WORDS + places.length * TILE,
        height: 2 * TILE + 6,
      },
    ],
  });
}

/** Draws digits decoded from codes with a standard normal distribution. */
export function samplesPicture(model: Autoencoder, latent: number, random: Random): string {
  const [columns, rows] = [16, 8];
  const ink = decoded(model, random.normal([columns * rows, latent]) as Codes);
  const picture = tiled(ink, columns);
  return figure({
    title: 'Digits out of nothing',
    subtitle: 'Decoded from codes that were drawn at random, as the codes of digits are distributed',
    panels: [{ svg: pictureAt(picture, 0, 0), width: columns * TILE, height: rows * TILE }],
  });
}

const pictureAt = (image: GrayImage, x: number, y: number): string =>
  imageElement(image, x, y, (image.width / SIDE) * TILE, (image.height / SIDE) * TILE);

/** Draws the loss and its two terms during training. */
export function learningCurve(history: readonly Epoch[]): string {
  return figure({
    title: 'Learning to encode digits',
    subtitle: 'Nats a digit. The loss, the negative of the evidence lower bound (ELBO), is the sum of the two parts.',
    legend: [
      { label: 'training digits', color: COLORS.blue },
      { label: 'test digits', color: COLORS.orange },
    ],
    panels: [
      curves('Loss', history, total),
      curves('Pixels: cross-entropy', history, ({ reconstruction }) => reconstruction),
      curves('Code: divergence from normal', history, ({ divergence }) => divergence),
    ],
  });
}

function curves(title: string, history: readonly Epoch[], value: (score: Score) => number): Panel {
  const line = (part: 'training' | 'test', color: string) => {
    const points = history
      .map((epoch) => ({ x: epoch.number, y: value(epoch[part]) }))
      .filter(({ y }) => Number.isFinite(y));
    const at = { x: 'x', y: 'y' } as const;
    return [
      lineY(points, { ...at, stroke: color, strokeWidth: 1.75 }),
      dot(points, { ...at, fill: color, r: 3, stroke: COLORS.paper }),
    ];
  };
  return chart(title, {
    width: 320,
    height: 280,
    marginTop: 8,
    marginLeft: 36,
    marginRight: 12,
    marginBottom: 42,
    x: { domain: [0.5, history.length + 0.5] },
    y: { nice: true },
    marks: [
      gridY({ stroke: COLORS.grid, strokeOpacity: 1, ticks: 6 }),
      axisX({
        label: 'epoch',
        ticks: history.map(({ number }) => number).filter((n) => n % Math.ceil(history.length / 10) === 0),
        tickFormat: String,
        tickSize: 0,
        labelAnchor: 'center',
        labelArrow: 'none',
      }),
      axisY({ label: null, ticks: 6, tickSize: 0 }),
      ...line('training', COLORS.blue),
      ...line('test', COLORS.orange),
    ],
  });
}
