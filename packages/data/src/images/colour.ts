/** Random changes of the brightness and colours of images. */

import { ArgumentError, type Shape, type Tensor } from '@tapegrad/core';
import { checkOptions } from '@tapegrad/core/extend';
import type { RandomImageOptions } from './geometry.ts';
import { checkFloats, checkNumber, checkRandom, filledPictures, picturesOf } from './pictures.ts';

/** The options of `colorJitter`. */
export interface ColorJitterOptions extends RandomImageOptions {
  /**
   * The strength s of changes in brightness: the pixels of an image are multiplied by a random factor within 1 ± s.
   * Defaults to 0.
   */
  readonly brightness?: number;
  /**
   * The strength s of changes in contrast: the distance of each pixel from the mean grey of the image is multiplied by
   * a random factor within 1 ± s. Defaults to 0.
   */
  readonly contrast?: number;
  /**
   * The strength s of changes in saturation: the distance of each pixel from its own grey is multiplied by a random
   * factor within 1 ± s. For RGB only. Defaults to 0.
   */
  readonly saturation?: number;
  /** The largest value of a pixel: 1, or 255 for bytes. Results are clamped to the range from 0 to `max`. Defaults to 1. */
  readonly max?: number;
}

/** The weights of red, green and blue in the grey value of a pixel (ITU-R BT.601). */
const GREY = [0.299, 0.587, 0.114] as const;

/**
 * Changes brightness, contrast and saturation of each image by random factors, in that order. The factors are uniform
 * in [max(0, 1 - s), 1 + s] for an option s. Pixels must be between 0 and `max`, so call this before standardising
 * them.
 *
 * @throws ArgumentError for pixels outside the range from 0 to `max`, and for saturation unless there are three
 *   channels; DTypeError for integers.
 * @example
 * const grey = tensor([[[0.5]], [[0.5]], [[0.5]]]);
 * const options = { random: new Random(1), saturation: 0.9, contrast: 0.9 };
 * colorJitter(grey, options).sub(grey).abs().max().item() < 1e-6; // true
 */
export function colorJitter<S extends Shape>(x: Tensor<S>, options: ColorJitterOptions): Tensor<S> {
  checkOptions('colorJitter', options, ['random', 'brightness', 'contrast', 'saturation', 'max']);
  const { random, brightness = 0, contrast = 0, saturation = 0, max = 1 } = options ?? {};
  const pictures = picturesOf('colorJitter', x);
  checkFloats('colorJitter', pictures);
  checkRandom('colorJitter', random);
  checkNumber('colorJitter', 'brightness', brightness, 0);
  checkNumber('colorJitter', 'contrast', contrast, 0);
  checkNumber('colorJitter', 'saturation', saturation, 0);
  checkNumber('colorJitter', 'max', max, 0);
  const { count, channels, height, width, data } = pictures;
  if (saturation > 0 && channels !== 3) {
    throw new ArgumentError(`colorJitter: saturation needs 3 channels (RGB), got ${channels}`);
  }
  const wrong = data.findIndex((light) => !(light >= 0 && light <= max));
  if (wrong !== -1) {
    const mend = 'standardise afterwards, or give { max }';
    throw new ArgumentError(
      `colorJitter: expected light from 0 to ${max}, got ${data[wrong]} at element ${wrong}; ${mend}`,
    );
  }
  const out = filledPictures(x, height, width, 0);
  const plane = height * width;
  const size = channels * plane;
  const clamped = (light: number): number => Math.min(max, Math.max(0, light));
  for (let i = 0; i < count; i++) {
    // All three factors are always drawn, so that changing one option does not affect the random numbers of the others.
    const [light, spread, colour] = [brightness, contrast, saturation].map((strength) => {
      const low = Math.max(0, 1 - strength);
      return low + (1 + strength - low) * random.next();
    }) as [number, number, number];
    const pixels = Float64Array.from(data.subarray(i * size, (i + 1) * size), (value) => clamped(value * light));
    const greyAt = (p: number): number => {
      if (channels === 3) return GREY[0] * pixels[p]! + GREY[1] * pixels[plane + p]! + GREY[2] * pixels[2 * plane + p]!;
      let sum = 0;
      for (let j = p; j < size; j += plane) sum += pixels[j]!;
      return sum / channels;
    };
    if (contrast > 0) {
      let mean = 0;
      for (let p = 0; p < plane; p++) mean += greyAt(p);
      mean /= plane;
      for (let j = 0; j < size; j++) pixels[j] = clamped(mean + spread * (pixels[j]! - mean));
    }
    if (saturation > 0) {
      for (let p = 0; p < plane; p++) {
        const grey = greyAt(p);
        for (let j = p; j < size; j += plane) pixels[j] = clamped(grey + colour * (pixels[j]! - grey));
      }
    }
    out.data.set(pixels, i * size);
  }
  return out.tensor();
}
