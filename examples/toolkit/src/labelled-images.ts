/** Data sets like MNIST: grayscale images of 28 x 28 pixels in ten classes, in four IDX files. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Tensor, tensor } from '@tapegrad/core';
import { FormatError } from '@tapegrad/files';
import { readIdx } from '@tapegrad/files/node';
import type { GrayImage } from './gray-image.ts';

/** Pixels on a side. */
export const SIDE = 28;

const CLASSES = 10;

/** As they are published; each may be packed, with `.gz` after its name. */
export const IMAGE_FILES = {
  train: { images: 'train-images-idx3-ubyte', labels: 'train-labels-idx1-ubyte' },
  test: { images: 't10k-images-idx3-ubyte', labels: 't10k-labels-idx1-ubyte' },
} as const;

export type Part = keyof typeof IMAGE_FILES;

/** Mean and standard deviation of all training pixels, as shares of full ink. */
export interface Ink {
  readonly mean: number;
  readonly deviation: number;
}

export interface LabelledImages {
  readonly count: number;
  /** Scaled so that all training pixels have mean 0 and standard deviation 1. */
  readonly images: Tensor<readonly [number, 1, 28, 28]>;
  /** What no ink is scaled to. */
  readonly background: number;
  /** 0 to 9, int32. */
  readonly labels: Tensor<readonly [number]>;
  /** The pictures as published, from no ink (0) to full ink (255), one after the other. */
  readonly pixels: Uint8Array;
}

export interface ReadOptions {
  readonly ink: Ink;
  /** To read the first pictures only. */
  readonly limit?: number;
}

/**
 * Reads the pictures of a part from a folder.
 *
 * @throws FormatError for a file that is missing, or is not what it should be.
 */
export function readLabelledImages(folder: string, part: Part, { ink, limit = Infinity }: ReadOptions): LabelledImages {
  const files = IMAGE_FILES[part];
  const images = readBytes(folder, files.images, [SIDE, SIDE]);
  const labels = readBytes(folder, files.labels, []);
  if (images.count !== labels.count) {
    throw new FormatError(files.labels, `expected a label for each of ${images.count} images, got ${labels.count}`);
  }
  const wrong = labels.data.findIndex((label) => label >= CLASSES);
  if (wrong !== -1) {
    throw new FormatError(files.labels, `expected labels from 0 to 9, got ${labels.data[wrong]} at ${wrong}`);
  }

  const count = Math.min(images.count, limit);
  const pixels = images.data.subarray(0, count * SIDE * SIDE);
  return {
    count,
    background: -ink.mean / ink.deviation,
    images: tensor(standardised(pixels, ink), { shape: [count, 1, SIDE, SIDE] }),
    labels: tensor(labels.data.subarray(0, count), { shape: [count], dtype: 'int32' }),
    pixels,
  };
}

/** One of the pictures, dark on light. */
export function imageOf({ pixels }: LabelledImages, i: number): GrayImage {
  const size = SIDE * SIDE;
  return { width: SIDE, height: SIDE, pixels: pixels.subarray(i * size, (i + 1) * size).map((ink) => 255 - ink) };
}

/** Where a file lies in a folder, packed or not. */
export function imageFile(folder: string, name: string): string {
  const packed = join(folder, `${name}.gz`);
  return existsSync(packed) ? packed : join(folder, name);
}

/** Reads an IDX file of bytes whose items have this shape. */
function readBytes(folder: string, name: string, itemShape: readonly number[]): { count: number; data: Uint8Array } {
  const { shape, data } = readIdx(imageFile(folder, name));
  const [count = 0, ...item] = shape;
  if (!(data instanceof Uint8Array) || String(item) !== String(itemShape)) {
    const wanted = `bytes of shape [${['n', ...itemShape].join(', ')}]`;
    throw new FormatError(name, `expected ${wanted}, got ${data.constructor.name} of shape [${shape.join(', ')}]`);
  }
  return { count, data };
}

function standardised(pixels: Uint8Array, { mean, deviation }: Ink): Float32Array {
  const values = Float32Array.from({ length: 256 }, (_, ink) => (ink / 255 - mean) / deviation);
  const result = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) result[i] = values[pixels[i]!]!;
  return result;
}
