/** Decoded images, and their conversion to tensors and to pixels of a canvas. */

import { ArgumentError, type DType, type Shape, ShapeError, type Tensor, tensor } from '@tapegrad/core';
import { checkOptions, describeValue, formatShape, isFloat } from '@tapegrad/core/extend';
import type { NamedArray } from '../named-array.ts';

/** The numbers of channels: grey, grey with alpha, RGB, RGBA. */
export type Channels = 1 | 2 | 3 | 4;

/** A decoded image. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** The number of channels: 1 for grey, 2 for grey with alpha, 3 for RGB, 4 for RGBA. */
  readonly channels: Channels;
  /**
   * The samples, row by row from the top, with all channels of a pixel next to each other. Samples are from 0 to 255 in
   * a `Uint8Array`, and from 0 to 65535 in a `Uint16Array`.
   */
  readonly data: Uint8Array | Uint16Array;
}

/** The order of the axes of an image tensor: `chw` is [channels, height, width], `hwc` is [height, width, channels]. */
export type ImageLayout = 'chw' | 'hwc';

/** The options of `imageTensor`. */
export interface ImageTensorOptions {
  /** The order of the axes. Defaults to `chw`, the order that convolutions expect. */
  readonly layout?: ImageLayout;
  /**
   * The dtype. In a float dtype, samples are scaled to the range from 0 to 1; int32 keeps them as they are stored.
   * Defaults to float32.
   */
  readonly dtype?: Exclude<DType, 'bool'>;
}

/** The pixels of a canvas: RGBA, 8 bits each, not premultiplied by alpha. */
export interface ImageDataLike {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray | Uint8Array;
}

/** Returns the largest value that a sample of an image can have. */
const largest = ({ data }: Image): number => (data instanceof Uint16Array ? 65535 : 255);

/** Throws unless the number of samples of an image equals width times height times channels. */
export function checkImage(call: string, { width, height, channels, data }: Image): void {
  const isLength = (length: number) => Number.isInteger(length) && length > 0;
  if (!isLength(width) || !isLength(height)) {
    throw new ArgumentError(`${call}: expected an image of at least one pixel, got ${width} x ${height}`);
  }
  if (!(channels >= 1 && channels <= 4)) throw new ArgumentError(`${call}: expected 1 to 4 channels, got ${channels}`);
  if (!(data instanceof Uint8Array) && !(data instanceof Uint16Array)) {
    throw new ArgumentError(`${call}: expected data in a Uint8Array or Uint16Array, got ${describeValue(data)}`);
  }
  const expected = width * height * channels;
  if (data.length !== expected) {
    throw new ArgumentError(
      `${call}: an image of ${width} x ${height} x ${channels} has ${expected} samples, got ${data.length}`,
    );
  }
}

function checkLayout(call: string, layout: string): asserts layout is ImageLayout {
  if (layout === 'chw' || layout === 'hwc') return;
  throw new ArgumentError(`${call}: expected the layout 'chw' or 'hwc', got ${describeValue(layout)}`);
}

/**
 * Copies samples from one order of axes to the other.
 *
 * @param toPlanes True to convert from `hwc` to `chw`, false for the opposite direction.
 */
function reorder<D extends { [index: number]: number }>(
  from: { readonly [index: number]: number },
  into: D,
  [pixels, channels]: readonly [number, number],
  toPlanes: boolean,
): D {
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const [inPixels, inPlanes] = [pixel * channels + channel, channel * pixels + pixel];
      if (toPlanes) into[inPlanes] = from[inPixels]!;
      else into[inPixels] = from[inPlanes]!;
    }
  }
  return into;
}

/**
 * Converts an image to a tensor: by default float32 of shape [channels, height, width], with samples from 0 to 1.
 *
 * @example
 * const image = { width: 2, height: 1, channels: 3, data: Uint8Array.of(255, 0, 51, 0, 255, 102) } as const;
 * imageTensor(image).toArray(); // [[[1, 0]], [[0, 1]], [[0.2, 0.4]]]
 * imageTensor(image, { layout: 'hwc', dtype: 'int32' }).toArray(); // [[[255, 0, 51], [0, 255, 102]]]
 */
export function imageTensor(image: Image, options: ImageTensorOptions = {}): Tensor<readonly [number, number, number]> {
  checkOptions('imageTensor', options, ['layout', 'dtype']);
  checkImage('imageTensor', image);
  const { layout = 'chw', dtype = 'float32' } = options;
  checkLayout('imageTensor', layout);
  const { width, height, channels, data } = image;
  const samples = new (dtype === 'int32' ? Int32Array : Float64Array)(data);
  if (isFloat(dtype)) {
    const scale = largest(image);
    for (let i = 0; i < samples.length; i++) samples[i]! /= scale;
  }
  if (layout === 'hwc') return tensor(samples, { dtype, shape: [height, width, channels] });
  const planes = reorder(samples, samples.slice(), [width * height, channels], true);
  return tensor(planes, { dtype, shape: [channels, height, width] });
}

/** The options of `tensorImage`. */
export interface TensorImageOptions {
  /** The order of the axes. Defaults to `chw`. */
  readonly layout?: ImageLayout;
  /** Whether to clamp samples to the allowed range. By default, samples outside of it are an error. */
  readonly clamp?: boolean;
}

/** Returns the height, the width and the number of channels of an image tensor. */
function sizesOf(shape: Shape, layout: ImageLayout): readonly [height: number, width: number, channels: number] {
  if (shape.length === 2) return [shape[0]!, shape[1]!, 1];
  const [first = 0, second = 0, third = 0] = shape;
  return layout === 'hwc' ? [first, second, third] : [second, third, first];
}

/**
 * Converts a tensor to an image with 8 bits per sample. Elements are floats from 0 to 1 (rounded to the nearest of 256
 * levels), int32 numbers from 0 to 255, or bools. A tensor of rank 2 is a grey image.
 *
 * @throws ShapeError for a tensor of another rank, or without 1 to 4 channels; ArgumentError for elements outside of
 *   the range, unless `clamp` is set, and for NaN.
 * @example
 * tensorImage(tensor([[0, 0.5], [0.2, 1]])).data; // a Uint8Array of 0, 128, 51, 255
 */
export function tensorImage({ dtype, shape, data }: NamedArray, options: TensorImageOptions = {}): Image {
  checkOptions('tensorImage', options, ['layout', 'clamp']);
  const { layout = 'chw', clamp = false } = options;
  checkLayout('tensorImage', layout);
  const [height, width, channels] = sizesOf(shape, layout);
  if ((shape.length !== 2 && shape.length !== 3) || channels < 1 || channels > 4 || width * height === 0) {
    const wanted = layout === 'hwc' ? '[height, width, channels]' : '[channels, height, width]';
    throw new ShapeError(
      `tensorImage: expected a shape [height, width] or ${wanted} with 1 to 4 channels, got ${formatShape(shape)}`,
    );
  }
  const scale = dtype === 'int32' ? 1 : 255;
  const samples = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const sample = data[i]! * scale;
    if (Number.isNaN(sample) || (!clamp && (sample < 0 || sample > 255))) {
      const range = dtype === 'int32' ? '0 to 255' : '0 to 1';
      const mend = Number.isNaN(sample) ? '' : '; scale them, or set clamp: true';
      throw new ArgumentError(`tensorImage: expected samples from ${range}, got ${data[i]} at element ${i}${mend}`);
    }
    samples[i] = Math.round(Math.min(255, Math.max(0, sample)));
  }
  const isPlanes = layout === 'chw' && channels > 1;
  const pixels = isPlanes ? reorder(samples, samples.slice(), [width * height, channels], false) : samples;
  return { width, height, channels: channels as Channels, data: pixels };
}

/** Returns the grey value of a colour, with the weights of ITU-R BT.601, which Pillow also uses. */
const greyOf = (red: number, green: number, blue: number): number =>
  Math.floor((red * 19595 + green * 38470 + blue * 7471 + 32768) / 65536);

/**
 * Converts an image to another number of channels. Colours become grey with the weights 0.299, 0.587 and 0.114 of ITU-R
 * BT.601, and grey becomes three equal samples. Alpha is dropped, or added as opaque.
 *
 * @example
 * const red = { width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0) } as const;
 * withChannels(red, 1).data[0]; // 76
 */
export function withChannels(image: Image, channels: Channels): Image {
  checkImage('withChannels', image);
  if (image.channels === channels) return image;
  const { width, height, channels: given, data } = image;
  const [wasGrey, isGrey] = [given <= 2, channels <= 2];
  const converted = new (data instanceof Uint16Array ? Uint16Array : Uint8Array)(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [from, into] = [pixel * given, pixel * channels];
    const red = data[from]!;
    const [green, blue] = wasGrey ? [red, red] : [data[from + 1]!, data[from + 2]!];
    if (isGrey) converted[into] = wasGrey ? red : greyOf(red, green, blue);
    else converted.set([red, green, blue], into);
    // Alpha is the last of two or four channels.
    if (channels % 2 === 0) converted[into + channels - 1] = given % 2 === 0 ? data[from + given - 1]! : largest(image);
  }
  return { width, height, channels, data: converted };
}

/**
 * Converts the pixels of a canvas, RGBA with 8 bits each, to an image.
 *
 * @example
 * const pixels = { width: 1, height: 1, data: Uint8ClampedArray.of(255, 128, 0, 255) };
 * imageTensor(imageFromData(pixels), { dtype: 'int32' }).toArray(); // [[[255]], [[128]], [[0]], [[255]]]
 */
export function imageFromData({ width, height, data }: ImageDataLike): Image {
  const image: Image = { width, height, channels: 4, data: Uint8Array.from(data) };
  checkImage('imageFromData', image);
  return image;
}

/**
 * Converts an image to the pixels of a canvas: RGBA with 8 bits each. Samples of 16 bits are rounded to 8 bits. In a
 * page, pass `new ImageData(data, width, height)` to `putImageData`.
 *
 * @example
 * const grey = { width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 200) } as const;
 * [...imageData(grey).data]; // [0, 0, 0, 255, 200, 200, 200, 255]
 */
export function imageData(image: Image): {
  width: number;
  height: number;
  data: ReturnType<Uint8ClampedArrayConstructor['from']>;
} {
  const { width, height, data } = withChannels(image, 4);
  const scale = largest(image) / 255;
  return { width, height, data: Uint8ClampedArray.from(data, (sample) => Math.round(sample / scale)) };
}
