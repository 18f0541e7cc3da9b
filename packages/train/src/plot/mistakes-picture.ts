/** Draws the examples that a classifier gets wrong. */

import { ArgumentError, noGrad, ShapeError, type Tensor, tensor } from '@tapegrad/core';
import { checkOptions, checkTensor, describeValue, formatShape } from '@tapegrad/core/extend';
import { figure } from './figure.ts';
import { type ImageGridOptions, imageGrid } from './image-grid.ts';

/** Images with their classes, and a classifier's scores for them. */
export interface ClassifiedImages {
  /** `[n, height, width]` or `[n, channels, height, width]`, as `imageGrid` takes them. */
  readonly images: Tensor;
  /** `[n, classes]`: the logits of the classes. */
  readonly predictions: Tensor;
  /** `[n]`, int32: the correct classes. */
  readonly targets: Tensor;
}

/** The options of `mistakesPicture`. */
export interface MistakesPictureOptions extends Pick<ImageGridOptions, 'columns' | 'width' | 'range'> {
  /** The names of the classes. Defaults to their numbers. */
  readonly classes?: readonly string[];
  /** The largest number of images to draw. Defaults to 24. */
  readonly limit?: number;
  /** The title. Defaults to `The most confident mistakes`. */
  readonly title?: string;
  /** The word for examples below the title. Defaults to `examples`. */
  readonly unit?: string;
}

function checkShapes({ images, predictions, targets }: ClassifiedImages): number {
  for (const x of [images, predictions, targets]) checkTensor('mistakesPicture', x);
  const [count = 0] = targets.shape;
  const isRight = targets.shape.length === 1 && predictions.shape.length === 2 && targets.dtype === 'int32';
  if (isRight && predictions.shape[0] === count && images.shape[0] === count) return count;
  const shapes = [images, predictions, targets].map(({ shape }) => formatShape(shape));
  throw new ShapeError(
    'mistakesPicture: expected images [n, …], predictions [n, classes] and int32 targets [n], ' +
      `got ${shapes[0]}, ${shapes[1]} and ${targets.dtype} ${shapes[2]}`,
  );
}

/**
 * Draws the misclassified images to which the classifier gives the largest probabilities. Below each are the predicted
 * class, the correct class and this probability.
 *
 * @returns an SVG
 * @throws ShapeError for tensors whose shapes don't fit together; ArgumentError unless there are as many names as
 *   classes.
 * @example
 * import { mistakesPicture } from '@tapegrad/train/plot';
 *
 * const images = new Random(1).uniform([3, 28, 28]);
 * const predictions = tensor([[2, 0], [0, 3], [1, 0]]);
 * const targets = tensor([0, 0, 1], { dtype: 'int32' });
 * const svg = mistakesPicture({ images, predictions, targets }, { classes: ['cat', 'dog'] });
 * svg.includes('dog?'); // true
 */
export function mistakesPicture(results: ClassifiedImages, options: MistakesPictureOptions = {}): string {
  checkOptions('mistakesPicture', options, ['columns', 'width', 'range', 'classes', 'limit', 'title', 'unit']);
  const count = checkShapes(results);
  const { images, predictions, targets } = results;
  const number = predictions.shape[1]!;
  const { classes = Array.from({ length: number }, (_, i) => `${i}`), limit = 24, ...rest } = options;
  const { title = 'The most confident mistakes', unit = 'examples', ...look } = rest;
  if (classes.length !== number) {
    throw new ArgumentError(`mistakesPicture: expected ${number} names of classes, got ${classes.length}`);
  }
  if (!(Number.isInteger(limit) && limit > 0)) {
    throw new ArgumentError(`mistakesPicture: limit is ${describeValue(limit)}, expected an integer above 0`);
  }
  const stranger = targets.data.find((target) => target < 0 || target >= number);
  if (stranger !== undefined) {
    throw new ArgumentError(`mistakesPicture: expected classes from 0 to ${number - 1} as targets, got ${stranger}`);
  }
  const probabilities = noGrad(() => predictions.softmax(1).max(1)).data;
  const answers = noGrad(() => predictions.argmax(1)).data;
  const wrong = Array.from({ length: count }, (_, i) => i)
    .filter((i) => answers[i] !== targets.data[i])
    .sort((a, b) => probabilities[b]! - probabilities[a]!);
  const shown = wrong.slice(0, limit);
  const rows = tensor(Int32Array.from(shown));
  const captions = shown.map((i) => [
    `${classes[answers[i]!]}?`,
    `is ${classes[targets.data[i]!]}`,
    `${(100 * probabilities[i]!).toFixed(2)} % sure`,
  ]);
  const [all, mistakes] = [count, wrong.length].map((size) => size.toLocaleString('en'));
  return figure({
    title,
    subtitle:
      shown.length === 0
        ? `All ${all} ${unit} are classified correctly.`
        : `${shown.length} of the ${mistakes} mistakes among ${all} ${unit}, the most confident first`,
    panels: shown.length === 0 ? [] : [imageGrid(images.take(rows), { columns: 6, ...look, captions })],
  });
}
