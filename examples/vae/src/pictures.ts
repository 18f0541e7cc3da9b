/** Draws reconstructions, generated digits, and the learning curve of an autoencoder. */

import { concat, noGrad, type Random, type Tensor, tensor } from '@tapegrad/core';
import type { LabelledImages } from '@tapegrad/data/datasets';
import type { History } from '@tapegrad/train';
import { figure, imageGrid, learningCurve, text } from '@tapegrad/train/plot';
import { type Autoencoder, type Codes, decoded, type Images } from './model.ts';

/** The width of a digit, and of the text next to a row of digits. */
const DIGIT = 56;
const WORDS = 110;

/** Arranges digits `[n, 1, 28, 28]` in rows of one large image `[1, height, width]`. */
export function tiled(digits: Tensor, columns: number): Tensor {
  const rows = digits.size / 784 / columns;
  return digits
    .reshape([rows, columns, 28, 28])
    .permute([0, 2, 1, 3])
    .reshape([1, rows * 28, columns * 28]);
}

/** Draws digits dark on light, without gaps. */
function digitGrid(digits: Tensor, columns: number) {
  const image = tiled(digits, columns);
  return imageGrid(image.reshape([1, ...image.shape]), { range: [1, 0], columns: 1, width: columns * DIGIT });
}

/** Draws digits above their reconstructions: two of each, if there are enough. */
export function reconstructions(model: Autoencoder, { x, y }: LabelledImages, title: string): string {
  const labels = [...y.data];
  const chosen = Array.from({ length: 10 }, (_, digit) =>
    labels.flatMap((label, i) => (label === digit ? [i] : [])).slice(0, 2),
  ).flat();
  const originals = x.take(tensor(Int32Array.from(chosen))) as Images;
  const again = decoded(
    model,
    noGrad(() => model.encode(originals).mean),
  );
  const { svg, width, height } = digitGrid(concat([originals, again], 0), chosen.length);
  const label = (words: string, row: number) => text(words, { x: 0, y: row * DIGIT + DIGIT / 2 + 4, size: 13 });
  return figure({
    title,
    subtitle: 'Test digits, which the network did not learn from, and the same decoded from their codes',
    panels: [
      {
        svg: `${label('original', 0)}${label('reconstructed', 1)}<g transform="translate(${WORDS} 0)">${svg}</g>`,
        width: WORDS + width,
        height,
      },
    ],
  });
}

/** Draws digits decoded from codes with a standard normal distribution. */
export function samplesPicture(model: Autoencoder, latent: number, random: Random): string {
  const [columns, rows] = [16, 8];
  return figure({
    title: 'Digits out of nothing',
    subtitle: 'Decoded from codes that were drawn at random, as the codes of digits are distributed',
    panels: [digitGrid(decoded(model, random.normal([columns * rows, latent]) as Codes), columns)],
  });
}

/** Draws the loss and its two terms during training. */
export const elboCurve = (history: History): string =>
  learningCurve(history, {
    title: 'Learning to encode digits',
    subtitle: 'Nats a digit. The loss, the negative of the evidence lower bound (ELBO), is the sum of the two terms.',
    unit: 'digits',
    panels: [
      { score: 'loss', title: 'Loss', log: false },
      { score: 'pixels', title: 'Pixels: cross-entropy' },
      { score: 'code', title: 'Code: divergence from normal' },
    ],
  });
