/** Draws confusion matrices. */

import { cell, text } from '@observablehq/plot';
import { ArgumentError } from '@tapegrad/core';
import type { ConfusionMatrix } from '../metrics/confusion.ts';
import { chart } from './chart.ts';
import { COLORS, figure } from './figure.ts';

/** The options of `confusionPicture`. */
export interface ConfusionPictureOptions {
  /** The names of the classes. Defaults to their numbers. */
  readonly classes?: readonly string[];
  /** The title. Defaults to `Confusion matrix`. */
  readonly title?: string;
}

/**
 * Draws a confusion matrix. The darker a cell, the more examples were predicted in that way.
 *
 * @returns an SVG
 * @throws ArgumentError unless there are as many names as classes.
 * @example
 * import { confusionPicture } from '@tapegrad/train/plot';
 *
 * confusionPicture([[8, 2], [1, 9]], { classes: ['cat', 'dog'] }).startsWith('<svg'); // true
 */
export function confusionPicture(matrix: ConfusionMatrix, options: ConfusionPictureOptions = {}): string {
  const { classes = matrix.map((_, i) => `${i}`), title = 'Confusion matrix' } = options;
  if (classes.length !== matrix.length) {
    throw new ArgumentError(`confusionPicture: expected ${matrix.length} names of classes, got ${classes.length}`);
  }
  const pairs = classes.flatMap((truth, i) =>
    classes.map((answer, j) => {
      const count = matrix[i]![j]!;
      return { truth, answer, count, shade: i === j ? 0 : count };
    }),
  );
  const place = { x: 'answer', y: 'truth' } as const;
  const isLong = classes.some((name) => name.length > 3);
  const panel = chart('Examples', {
    width: Math.max(320, 90 + 67 * classes.length),
    height: Math.max(240, 60 + 46 * classes.length),
    ...{ marginLeft: 90, marginBottom: 60 },
    x: { domain: [...classes], label: 'predicted', ...(isLong ? { tickRotate: -20 } : {}) },
    y: { domain: [...classes], label: 'actual' },
    color: { type: 'sqrt', range: [COLORS.paper, COLORS.orange] },
    marks: [
      cell(pairs, { ...place, fill: 'shade', inset: 0.5 }),
      text(
        pairs.filter(({ count }) => count > 0),
        { ...place, text: 'count', fontSize: 12 },
      ),
    ],
  });
  const subtitle = 'Examples by actual and predicted class; darker cells hold more mistakes.';
  return figure({ title, subtitle, panels: [panel] });
}
