/** Cropping, shifting, mirroring and rotating images, mostly at random. */

import { ArgumentError, type Random, type Shape, type Tensor } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { checkFloats, checkInteger, checkNumber, checkRandom, filledPictures, picturesOf } from './pictures.ts';

/** A height and a width in pixels. */
export type Size = readonly [height: number, width: number];

/** The shape of images with another height and width. */
export type Resized<S extends Shape, Z extends Size> = S extends readonly [infer N, infer C, unknown, unknown]
  ? readonly [N & number, C & number, Z[0], Z[1]]
  : S extends readonly [infer C, unknown, unknown]
    ? readonly [C & number, Z[0], Z[1]]
    : Shape;

/** The options of random changes of images. */
export interface RandomImageOptions {
  /** The generator. Random numbers are drawn for each image of a batch separately. */
  readonly random: Random;
}

/** The options of random changes whose results include pixels from outside of the image. */
export interface FilledImageOptions extends RandomImageOptions {
  /** The value of pixels of the result that lie outside of the original image. Defaults to 0. */
  readonly fill?: number;
}

function checkSize(call: string, size: Size, height: number, width: number): void {
  const isPair =
    Array.isArray(size) && size.length === 2 && size.every((length) => Number.isInteger(length) && length > 0);
  if (isPair && size[0] <= height && size[1] <= width) return;
  const got = Array.isArray(size) ? `[${size.join(', ')}]` : describeValue(size);
  throw new ArgumentError(`${call}: expected a size [height, width] of at most [${height}, ${width}], got ${got}`);
}

/**
 * Copies a window of each image. `corner` returns the top left corner of the window, which may lie outside of the
 * image.
 */
function windows<S extends Shape, Z extends Size>(
  call: string,
  x: Tensor<S>,
  size: Z,
  fill: number,
  corner: (image: number) => readonly [top: number, left: number],
): Tensor<Resized<S, Z>> {
  const { count, channels, height, width, data } = picturesOf(call, x);
  const out = filledPictures(x, size[0], size[1], fill);
  for (let i = 0; i < count; i++) {
    const [top, left] = corner(i);
    const [first, end] = [Math.max(0, left), Math.min(width, left + size[1])];
    if (first >= end) continue;
    for (let c = 0; c < channels; c++) {
      const plane = i * channels + c;
      for (let row = Math.max(0, -top); row < size[0] && row + top < height; row++) {
        const from = (plane * height + row + top) * width;
        out.data.set(data.subarray(from + first, from + end), (plane * size[0] + row) * size[1] + first - left);
      }
    }
  }
  return out.tensor();
}

/**
 * Crops each image to its centre.
 *
 * @param size The height and width of the result, at most those of the image.
 * @example
 * centerCrop(zeros([8, 3, 32, 32]), [28, 28]).shape; // [8, 3, 28, 28]
 */
export function centerCrop<S extends Shape, const Z extends Size>(x: Tensor<S>, size: Z): Tensor<Resized<S, Z>> {
  const { height, width } = picturesOf('centerCrop', x);
  checkSize('centerCrop', size, height, width);
  const corner = [(height - size[0]) >> 1, (width - size[1]) >> 1] as const;
  return windows('centerCrop', x, size, 0, () => corner);
}

/** The options of `randomCrop`. */
export interface RandomCropOptions extends FilledImageOptions {
  /** The number of pixels added on each side before cropping. Defaults to 0. */
  readonly padding?: number;
}

/**
 * Crops each image to a window at a random place.
 *
 * @param size The height and width of the result, at most those of the padded image.
 * @example
 * randomCrop(zeros([8, 3, 32, 32]), [32, 32], { random: new Random(1), padding: 4 }).shape; // [8, 3, 32, 32]
 */
export function randomCrop<S extends Shape, const Z extends Size>(
  x: Tensor<S>,
  size: Z,
  options: RandomCropOptions,
): Tensor<Resized<S, Z>> {
  checkOptions('randomCrop', options, ['random', 'padding', 'fill']);
  const { random, padding = 0, fill = 0 } = options ?? {};
  const { count, height, width } = picturesOf('randomCrop', x);
  checkRandom('randomCrop', random);
  checkInteger('randomCrop', 'a padding', padding, 0, 2 ** 16);
  checkSize('randomCrop', size, height + 2 * padding, width + 2 * padding);
  const tops = random.integers([count], 0, height + 2 * padding - size[0] + 1).data;
  const lefts = random.integers([count], 0, width + 2 * padding - size[1] + 1).data;
  return windows('randomCrop', x, size, fill, (i) => [tops[i]! - padding, lefts[i]! - padding]);
}

/**
 * Moves each image by a random number of pixels along each axis, at most `most`.
 *
 * @param most The largest number of pixels, below the height and the width.
 * @example
 * randomShift(ones([1, 1, 28, 28]), 2, { random: new Random(1) }).shape; // [1, 1, 28, 28]
 */
export function randomShift<S extends Shape>(x: Tensor<S>, most: number, options: FilledImageOptions): Tensor<S> {
  checkOptions('randomShift', options, ['random', 'fill']);
  const { random, fill = 0 } = options ?? {};
  const { count, height, width } = picturesOf('randomShift', x);
  checkRandom('randomShift', random);
  checkInteger('randomShift', 'pixels', most, 0, Math.min(height, width) - 1);
  if (most === 0) return x;
  const moves = random.integers([count, 2], -most, most + 1).data;
  return windows('randomShift', x, [height, width], fill, (i) => [
    -moves[2 * i]!,
    -moves[2 * i + 1]!,
  ]) as Tensor as Tensor<S>;
}

/** The options of `randomFlip`. */
export interface RandomFlipOptions extends RandomImageOptions {
  /** 'horizontal' exchanges left and right, 'vertical' top and bottom. Defaults to 'horizontal'. */
  readonly direction?: 'horizontal' | 'vertical';
  /** The probability that an image is mirrored. Defaults to 0.5. */
  readonly probability?: number;
}

/**
 * Mirrors each image with some probability.
 *
 * @example
 * const x = tensor([[[1, 2, 3]]]);
 * randomFlip(x, { random: new Random(1), probability: 1 }).toArray(); // [[[3, 2, 1]]]
 */
export function randomFlip<S extends Shape>(x: Tensor<S>, options: RandomFlipOptions): Tensor<S> {
  checkOptions('randomFlip', options, ['random', 'direction', 'probability']);
  const { random, direction = 'horizontal', probability = 0.5 } = options ?? {};
  const { count, channels, height, width, data } = picturesOf('randomFlip', x);
  checkRandom('randomFlip', random);
  checkNumber('randomFlip', 'a probability', probability, 0, 1);
  if (direction !== 'horizontal' && direction !== 'vertical') {
    const got = describeValue(direction);
    throw new ArgumentError(`randomFlip: expected 'horizontal' or 'vertical' as direction, got ${got}`);
  }
  const out = filledPictures(x, height, width, 0);
  const size = channels * height * width;
  for (let i = 0; i < count; i++) {
    const image = data.subarray(i * size, (i + 1) * size);
    const to = out.data.subarray(i * size, (i + 1) * size);
    to.set(image);
    if (random.next() >= probability) continue;
    for (let row = 0; row < channels * height; row++) {
      const start = row * width;
      if (direction === 'horizontal') to.subarray(start, start + width).reverse();
      else {
        const mirrored = row - (row % height) + height - 1 - (row % height);
        to.set(image.subarray(mirrored * width, (mirrored + 1) * width), start);
      }
    }
  }
  return out.tensor();
}

/**
 * Rotates each image about its centre by a random angle, with bilinear interpolation.
 *
 * @param degrees The largest angle in either direction, from 0 to 180.
 * @throws DTypeError for integers.
 * @example
 * const x = tensor([[[0, 0, 0], [1, 1, 1], [0, 0, 0]]]);
 * randomRotation(x, 0, { random: new Random(1) }).toArray(); // [[[0, 0, 0], [1, 1, 1], [0, 0, 0]]]
 */
export function randomRotation<S extends Shape>(x: Tensor<S>, degrees: number, options: FilledImageOptions): Tensor<S> {
  checkOptions('randomRotation', options, ['random', 'fill']);
  const { random, fill = 0 } = options ?? {};
  const pictures = picturesOf('randomRotation', x);
  checkFloats('randomRotation', pictures);
  checkRandom('randomRotation', random);
  checkNumber('randomRotation', 'degrees', degrees, 0, 180);
  const { count, channels, height, width, data } = pictures;
  const out = filledPictures(x, height, width, fill);
  const [middleY, middleX] = [(height - 1) / 2, (width - 1) / 2];
  const plane = height * width;
  for (let i = 0; i < count; i++) {
    const angle = (((2 * random.next() - 1) * degrees) / 180) * Math.PI;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const y = cos * (row - middleY) - sin * (column - middleX) + middleY;
        const z = sin * (row - middleY) + cos * (column - middleX) + middleX;
        const top = Math.floor(y);
        const left = Math.floor(z);
        if (top < -1 || left < -1 || top >= height || left >= width) continue;
        const below = y - top;
        const right = z - left;
        for (let c = 0; c < channels; c++) {
          const start = (i * channels + c) * plane;
          const at = (r: number, q: number): number =>
            r < 0 || q < 0 || r >= height || q >= width ? fill : data[start + r * width + q]!;
          // A neighbour with weight 0 is skipped: a NaN or an infinity there must not reach the result.
          const across = (r: number): number =>
            right === 0 ? at(r, left) : (1 - right) * at(r, left) + right * at(r, left + 1);
          out.data[start + row * width + column] =
            below === 0 ? across(top) : (1 - below) * across(top) + below * across(top + 1);
        }
      }
    }
  }
  return out.tensor();
}
