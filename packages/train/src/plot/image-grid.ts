/** Draws images in rows, for example digits, filters of a convolution, or samples of a model. */

import { ArgumentError, ShapeError, type Tensor, tensor } from '@tapegrad/core';
import { checkOptions, checkTensor, describeValue, formatShape } from '@tapegrad/core/extend';
import { encodePng, tensorImage } from '@tapegrad/files/images';
import { COLORS, type Panel, text } from './figure.ts';

/** The options of `imageUrl`. */
export interface ImageUrlOptions {
  /**
   * The values that are drawn as black and as white. Values outside of this range are clamped to it. With `[1, 0]`, the
   * image is inverted. Defaults to `[0, 1]`, or to `[0, 255]` for int32.
   */
  readonly range?: readonly [black: number, white: number];
}

/** The options of `imageGrid`. */
export interface ImageGridOptions extends ImageUrlOptions {
  /** The number of images in a row. Defaults to 8. */
  readonly columns?: number;
  /** The width of an image in the picture. Defaults to 96. */
  readonly width?: number;
  /** The distance between two images. Defaults to 20. */
  readonly gap?: number;
  /** For each image, the lines of text below it, the first of which is bold. Defaults to none. */
  readonly captions?: readonly (string | readonly string[])[];
}

const LINE_HEIGHT = 17;
const BORDER = 4;

/**
 * Encodes an image as a data URL of a PNG, which SVG and HTML can show.
 *
 * @param image a tensor `[height, width]` or `[channels, height, width]`, with 1 to 4 channels
 * @throws ShapeError for another shape; ArgumentError for NaN, and for a range of two equal numbers.
 * @example
 * import { imageUrl } from '@tapegrad/train/plot';
 *
 * imageUrl(tensor([[0, 0.5], [0.5, 1]])).startsWith('data:image/png;base64,'); // true
 */
export function imageUrl(image: Tensor, options: ImageUrlOptions = {}): string {
  checkOptions('imageUrl', options, ['range']);
  checkTensor('imageUrl', image);
  const { range: [black, white] = image.dtype === 'int32' ? [0, 255] : [0, 1] } = options;
  const scale = 1 / (white - black);
  if (!Number.isFinite(scale) || !Number.isFinite(black)) {
    const got = `[${describeValue(black)}, ${describeValue(white)}]`;
    throw new ArgumentError(`imageUrl: expected a range of two different numbers, got ${got}`);
  }
  const light = Float64Array.from(image.data, (value) => (value - black) * scale);
  const png = encodePng(tensorImage(tensor(light, { shape: image.shape }), { clamp: true }));
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}

/**
 * Draws images as a panel of a figure, row by row.
 *
 * @param images a tensor `[n, height, width]` or `[n, channels, height, width]`, with 1 to 4 channels
 * @throws ShapeError for another shape; ArgumentError for NaN, and unless there are as many captions as images.
 * @example
 * import { figure, imageGrid } from '@tapegrad/train/plot';
 *
 * const images = new Random(1).uniform([12, 28, 28]);
 * const panel = imageGrid(images, { columns: 6, captions: [...images.mean([1, 2]).data].map((mean) => mean.toFixed(2)) });
 * figure({ title: 'Noise', subtitle: 'and its mean', panels: [panel] }).startsWith('<svg'); // true
 */
export function imageGrid(images: Tensor, options: ImageGridOptions = {}): Panel {
  checkOptions('imageGrid', options, ['range', 'columns', 'width', 'gap', 'captions']);
  checkTensor('imageGrid', images);
  const { columns = 8, width = 96, gap = 20, captions = [], ...range } = options;
  const [count = 0, ...shape] = images.shape;
  if (shape.length !== 2 && shape.length !== 3) {
    const wanted = '[n, height, width] or [n, channels, height, width]';
    throw new ShapeError(`imageGrid: expected shape ${wanted}, got ${formatShape(images.shape)}`);
  }
  for (const [name, value, least, wanted] of [
    ['width', width, Number.MIN_VALUE, 'a number above 0'],
    ['gap', gap, 0, 'a number of 0 or more'],
  ] as const) {
    if (value >= least && value < Infinity) continue;
    throw new ArgumentError(`imageGrid: ${name} is ${describeValue(value)}, expected ${wanted}`);
  }
  if (!(Number.isInteger(columns) && columns > 0)) {
    throw new ArgumentError(`imageGrid: columns is ${describeValue(columns)}, expected an integer above 0`);
  }
  if (captions.length > 0 && captions.length !== count) {
    throw new ArgumentError(`imageGrid: expected ${count} captions, one for each image, got ${captions.length}`);
  }
  const lines = captions.map((caption) => (typeof caption === 'string' ? [caption] : caption));
  const [rows, across] = shape.slice(-2) as [number, number];
  const height = (width * rows) / across;
  // Captions are for images with a border, so that the ends of a white image can be seen.
  const border = lines.length > 0 ? BORDER : 0;
  const cell = {
    width: width + 2 * border,
    height: height + 2 * border + LINE_HEIGHT * Math.max(0, ...lines.map(({ length }) => length)),
  };
  const cells = Array.from({ length: count }, (_, i) => {
    const x = (i % columns) * (cell.width + gap);
    const y = Math.floor(i / columns) * (cell.height + gap);
    const url = imageUrl(images.index(i), range);
    const place = `x="${x + border}" y="${y + border}" width="${width}" height="${height}"`;
    const frame = `width="${cell.width}" height="${height + 2 * border}" rx="4" fill="none" stroke="${COLORS.grid}"`;
    const own = lines[i] ?? [];
    return [
      ...(border > 0 ? [`<rect x="${x}" y="${y}" ${frame}/>`] : []),
      `<image ${place} preserveAspectRatio="none" image-rendering="optimizeSpeed" href="${url}"/>`,
      ...own.map((line, j) => {
        const at = {
          x: x + cell.width / 2,
          y: y + height + 2 * border + LINE_HEIGHT * (j + 1),
          anchor: 'middle',
        } as const;
        return j === 0
          ? text(line, { ...at, size: 13, weight: 600 })
          : text(line, { ...at, size: 12, color: COLORS.quiet });
      }),
    ].join('');
  });
  const sum = (items: number, size: number): number => Math.max(0, items * (size + gap) - gap);
  return {
    svg: cells.join('\n'),
    width: sum(Math.min(columns, count), cell.width),
    height: sum(Math.ceil(count / columns), cell.height),
  };
}
