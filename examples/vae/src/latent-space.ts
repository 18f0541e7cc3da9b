/** Draws a two-dimensional latent space: the codes of digits, and the digits decoded from its points. */

import { axisX, axisY, dot, frame, image, type PlotOptions } from '@observablehq/plot';
import { noGrad, tensor } from '@tapegrad/core';
import type { LabelledImages } from '@tapegrad/data/datasets';
import { COLORS, chart, figure, imageUrl, type Panel } from '@tapegrad/train/plot';
import { type Autoencoder, type Codes, decoded } from './model.ts';
import { tiled } from './pictures.ts';

/** A color for each digit (from Observable). */
const DIGIT_COLORS = [
  ...['#4269d0', '#efb118', '#ff725c', '#6cc5b0', '#3ca951'],
  ...['#ff8ab7', '#a463f2', '#97bbf5', '#9c6b4e', '#9498a0'],
];

/** The size of a panel's frame in pixels, and the number of digits on a side of the grid. */
const FRAME = 420;
const GRID = 21;

/** The maximum number of dots; more would hide each other. */
const MAX_DOTS = 4000;

type Interval = readonly [low: number, high: number];

/** Draws digits as colored dots at their codes, next to the digits decoded from a grid of points. */
export function latentSpace(model: Autoencoder, digits: LabelledImages): string {
  const { mean, logVariance } = noGrad(() => model.encode(digits.x));
  const codes = Array.from(digits.y.data, (label, i) => ({ x: mean.data[2 * i]!, y: mean.data[2 * i + 1]!, label }));
  // A standard normal number usually lies between -3 and 3; the codes of a plain autoencoder can lie anywhere.
  const domain = (values: readonly number[]): Interval => (logVariance === undefined ? middle(values) : [-3, 3]);
  const x = domain(codes.map((code) => code.x));
  const y = domain(codes.map((code) => code.y));

  const points = dot(codes.slice(0, MAX_DOTS), {
    x: 'x',
    y: 'y',
    fill: ({ label }) => DIGIT_COLORS[label]!,
    r: 1.6,
    clip: true,
  });
  const src = imageUrl(tiled(decoded(model, gridCodes(x, y)), GRID), { range: [1, 0] });
  const center = [[(x[0] + x[1]) / 2, (y[0] + y[1]) / 2]] as const;
  const pictures = image(center, { src: () => src, width: FRAME, height: FRAME });
  return figure({
    title: 'The latent space',
    subtitle: `Left: where ${Math.min(codes.length, MAX_DOTS).toLocaleString('en')} test digits lie. Right: what points of the same square are decoded to.`,
    legend: DIGIT_COLORS.map((color, digit) => ({ label: String(digit), color })),
    panels: [square('Codes of test digits', x, y, points), square('Decoded points', x, y, pictures)],
  });
}

function square(title: string, x: Interval, y: Interval, mark: NonNullable<PlotOptions['marks']>[number]): Panel {
  const plain = { tickSize: 3, ticks: 6, labelArrow: 'none', labelAnchor: 'center' } as const;
  return chart(title, {
    width: FRAME + 50,
    height: FRAME + 50,
    marginTop: 8,
    marginRight: 8,
    marginBottom: 42,
    marginLeft: 42,
    x: { domain: [...x] },
    y: { domain: [...y] },
    color: { type: 'identity' },
    marks: [
      mark,
      frame({ stroke: COLORS.grid }),
      axisX({ ...plain, label: 'first number of the code' }),
      axisY({ ...plain, label: 'second number' }),
    ],
  });
}

/** Returns the codes at the centers of a grid's cells, row by row from the top. */
function gridCodes(x: Interval, y: Interval): Codes {
  const at = ([low, high]: Interval, i: number): number => low + ((i + 0.5) / GRID) * (high - low);
  const values = Array.from({ length: GRID * GRID }, (_, i) => [
    at(x, i % GRID),
    at(y, GRID - 1 - Math.floor(i / GRID)),
  ]);
  return tensor(Float32Array.from(values.flat()), { shape: [GRID * GRID, 2] });
}

/** Returns the interval that contains 98 % of the values. */
function middle(values: readonly number[]): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  const [low, high] = [at(0.01), at(0.99)];
  return low < high ? [low, high] : [low - 1, low + 1];
}
