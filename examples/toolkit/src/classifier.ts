/** The common parts of the image classifiers: their output, their pictures, and their test. */

import { join } from 'node:path';
import type { Tensor } from '@tapegrad/core';
import type { LabelledImages } from '@tapegrad/data/datasets';
import type { Module } from '@tapegrad/nn';
import { accuracy, type History, type Hooks, predict } from '@tapegrad/train';
import { epochTable, progress } from '@tapegrad/train/node';
import { learningCurve, mistakesPicture } from '@tapegrad/train/plot';
import { writePicture } from './picture-file.ts';
import { percent, print } from './program.ts';
import { weightsSum, writeWeights } from './weights.ts';

/** Prints a table of the epochs and, unless `quiet` is set, the progress. */
export function report(unit: string, quiet: boolean): Hooks[] {
  const format = (value: number, name: string): string => (name === 'accuracy' ? percent(value) : value.toFixed(4));
  return [...(quiet ? [] : [progress({ unit, format })]), epochTable({ unit, format })];
}

/** Saves the weights of a trained classifier, and the picture of its loss and error rate over the epochs. */
export async function saveClassifier(
  out: string,
  model: Module,
  history: History,
  words: { readonly title: string; readonly unit: string },
): Promise<void> {
  writeWeights(join(out, 'model.safetensors'), model);
  const curve = learningCurve(history, {
    ...words,
    subtitle:
      'Training: each mini-batch before the network learns from it, with dropout. Validation: all test examples after each epoch.',
    panels: [
      { score: 'loss', title: 'Loss: mean cross-entropy, nats', format: (value) => value.toFixed(3) },
      {
        score: 'accuracy',
        title: 'Classified wrong, %',
        value: (share) => 100 * (1 - share),
        format: (value) => `${value.toFixed(2)} %`,
        log: true,
      },
    ],
  });
  await writePicture(join(out, 'learning-curve'), curve);
}

/**
 * Tests a classifier: saves the picture of its mistakes, and prints its accuracy.
 *
 * @param batches the images as the model takes them; `images` has them as they are drawn
 * @returns the logits of all images
 */
export async function testClassifier(
  out: string,
  model: Module,
  batches: Iterable<{ readonly x: Tensor }>,
  { x: images, y: targets }: LabelledImages,
  words: { readonly unit: string; readonly classes?: readonly string[] },
): Promise<Tensor> {
  const predictions = await predict({ model, batches });
  // Dark on light, as on paper.
  const picture = mistakesPicture({ images, predictions, targets }, { range: [1, 0], ...words });
  await writePicture(join(out, 'mistakes'), picture);
  const metric = accuracy();
  metric.update({ predictions, targets });
  print(`\nTest accuracy ${percent(metric.value())} on ${targets.size} ${words.unit}; weights ${weightsSum(model)}`);
  return predictions;
}
