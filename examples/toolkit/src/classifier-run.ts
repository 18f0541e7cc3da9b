/** The common parts of the example classifiers: output and the learning curve. */

import type { History, Hooks } from '@tapegrad/train';
import { epochTable, progress } from '@tapegrad/train/node';
import { learningCurve } from '@tapegrad/train/plot';
import { percent } from './program.ts';

/** Prints a table of the epochs and, unless `quiet` is set, the progress. */
export function report(unit: string, quiet: boolean): Hooks[] {
  const format = (value: number, name: string): string => (name === 'accuracy' ? percent(value) : value.toFixed(4));
  return [...(quiet ? [] : [progress({ unit, format })]), epochTable({ unit, format })];
}

/** Draws a classifier's loss and error rate over the epochs. */
export const classifierCurve = (history: History, words: { readonly title: string; readonly unit: string }): string =>
  learningCurve(history, {
    ...words,
    subtitle:
      'Training is scored on each mini-batch before the network learns from it, with dropout, so it may look worse than the test.',
    panels: [
      { score: 'loss', title: 'Loss: mean cross-entropy, nats', format: (value) => value.toFixed(3) },
      {
        score: 'accuracy',
        title: 'Classified wrong, %',
        value: (accuracy) => 100 * (1 - accuracy),
        format: (value) => `${value.toFixed(2)} %`,
        log: true,
      },
    ],
  });
