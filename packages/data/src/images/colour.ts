/** The light and colours of images changed at random. */

import { ArgumentError, type Shape, type Tensor } from '@tapegrad/core';
import { checkOptions } from '@tapegrad/core/extend';
import type { RandomImageOptions } from './geometry.ts';
import { checkFloats, checkNumber, checkRandom, filledPictures, picturesOf } from './pictures.ts';

/** The options of `colorJitter`. */
export interface ColorJitterOptions extends RandomImageOptions {
  /** Brightness is multiplied by up to 1 ± this. Defaults to 0. */
  readonly brightness?: number;
  /** The distance from the image's mean grey is multiplied by up to 1 ± this. Defaults to 0. */
  readonly contrast?: number;
  /** The distance of each pixel from its grey is multiplied by up to 1 ± this; RGB only. Defaults to 0. */
  readonly saturation?: number;
  /** The value of full light: 1, or 255 for bytes. Results are clamped to 0 and this. Defaults to 1. */
  readonly max?: number;
}

/** The weights of red, green and blue in grey (ITU-R BT.601). */
const GREY = [0.299, 0.587, 0.114] as const;

/**
 * Changes brightness, contrast and saturation of each image by random factors, in that order. The factors are uniform in
 * [max(0, 1 - s), 1 + s] for an option s. Pixels must still have light from 0 to `max`, so standardise them afterwards.
 *
 * @throws ArgumentError for light beyond 0 and `max`, and for saturation if there are not three channels; DTypeError for
 * integers.
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
    // All three are drawn, so that one option does not change what the others draw.
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
